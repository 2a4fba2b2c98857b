//! From what was typed to requests and policies.

use std::path::PathBuf;

use super::args::{ArtifactArgs, FileArgs, MakingArgs, RunningArgs, SelectArgs};
use crate::app::{FilesRequest, Policy};
use crate::plan::Selection;
use crate::provision::{ProvisionOptions, ToolConsent};

impl SelectArgs {
    pub(super) fn selection(&self) -> Selection {
        Selection {
            models: self.model.clone(),
            formats: self.format.clone(),
            producers: self.producer.clone(),
            consumers: self.consumer.clone(),
        }
    }
}

impl MakingArgs {
    pub(super) fn options(self) -> ProvisionOptions {
        ProvisionOptions {
            refresh: self.refresh,
            offline: self.offline,
            verify: self.verify,
            install_tools: if self.install_tools { ToolConsent::Given } else { ToolConsent::Unasked },
            allow_build: self.allow_build,
            require_isolation: self.require_isolation,
            ..ProvisionOptions::default()
        }
    }
}

impl RunningArgs {
    /// How it goes; `keep` says how many earlier runs of the same name stay, all where `None`.
    pub(super) fn policy(&self, keep: Option<usize>) -> Policy {
        Policy {
            reports: self.reports.clone().unwrap_or_else(|| PathBuf::from("reports")),
            jobs: self.jobs,
            fresh: self.fresh,
            retry_failed: self.retry_failed,
            keep,
            cache_from: self.cache_from.clone(),
            making: self.making.options(),
        }
    }
}

impl ArtifactArgs {
    pub(super) fn request(&self) -> FilesRequest {
        FilesRequest { format: self.format.clone(), ..self.files.request() }
    }
}

impl FileArgs {
    pub(super) fn request(&self) -> FilesRequest {
        FilesRequest {
            artifacts: self.artifacts.clone(),
            inputs: self.inputs.clone(),
            drop: self.drop.clone(),
            dtype: self.dtype.clone(),
            expected: self.expected.clone(),
            methods: self.methods.clone(),
            load_only: self.load_only,
            made_by: self.made_by.clone(),
            seed: self.seed,
            format: None,
            trust: self.trust.clone(),
            allow_packages: self.allow_package.clone(),
            modules: self.modules.clone(),
            seconds: self.timeout,
            memory_bytes: self.memory,
        }
    }
}
