//! Choosing environments, models and formats by patterns.

use super::error::{Fallible, Source};
use super::raw::Text;
use super::types::{EnvironmentSpec, RuntimeSpec, VersionSpec};
use crate::notation::{Requirement, Version, VersionError, glob};

/// A glob on environment names, or a requirement on what they declare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvPattern {
    /// Such as `sk1.2*`.
    Glob(String),
    /// Such as `scikit-learn>=1.3,<1.6`. It covers the environments whose declared version surely fulfils
    /// it: an exact version or a minor; never `latest` and the like. `python` is understood as well.
    Requirement(Requirement),
}

impl EnvPattern {
    /// Reads a pattern; anything with a comparison sign is a requirement.
    ///
    /// # Errors
    /// When it looks like a requirement and is none.
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        if Requirement::looks_like(text) {
            text.parse().map(Self::Requirement)
        } else {
            Ok(Self::Glob(text.to_owned()))
        }
    }

    /// Whether it covers an environment.
    pub fn covers(&self, environment: &EnvironmentSpec) -> bool {
        match self {
            Self::Glob(pattern) => glob::matches(pattern, environment.name.as_str()),
            Self::Requirement(requirement) => environment
                .declared(&requirement.package)
                .is_some_and(|declared| declared.surely_matches(&requirement.specifiers)),
        }
    }
}

impl EnvironmentSpec {
    /// The declared version of a package, or of `python`.
    pub fn declared(&self, package: &str) -> Option<VersionSpec> {
        if package != "python" {
            let of_suite = || match &self.runtime {
                RuntimeSpec::Rootfs(tree) if package == "scikit-learn" => tree.scikit_learn(),
                _ => None,
            };
            return self.packages.get(package).cloned().or_else(of_suite);
        }
        match &self.runtime {
            RuntimeSpec::Venv { python } => python.parse::<Version>().ok().map(|version| {
                if version.parts().len() < 3 {
                    VersionSpec::Minor(python.clone())
                } else {
                    VersionSpec::Exact(python.clone())
                }
            }),
            RuntimeSpec::Rootfs(_)
            | RuntimeSpec::Container(_)
            | RuntimeSpec::Existing { .. }
            | RuntimeSpec::UnknownProducer => None,
        }
    }
}

/// A pattern on environments, with its place in messages.
pub(super) fn env_pattern(source: &Source, text: &Text) -> Fallible<EnvPattern> {
    EnvPattern::parse(text.get_ref()).map_err(|error| source.version_problem(text.span(), error))
}
