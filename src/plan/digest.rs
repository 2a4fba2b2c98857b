//! The identity of a plan.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::format::{self, Format};
use crate::matrix::{
    BuildSpec, ContainerSpec, DatasetSpec, EnvironmentSpec, ExternalArtifact, ImageSource, Matrix,
    ModelSource, ModelSpec, RootfsSpec, RuntimeSpec,
};
use crate::vocab::{Digest, DigestBuilder};

/// Covers what is tried. Paths count as the matrix writes them, so that the digest is the same on every
/// machine; recipes count by their text.
pub(super) fn of(matrix: &Matrix, environments: &[EnvironmentSpec], models: &[ModelSpec]) -> Digest {
    let mut builder = DigestBuilder::new("plan-v1").text(&matrix.name);
    for env in environments {
        builder = environment(builder, env);
    }
    for spec in models {
        builder = model(builder, spec);
    }
    // Names say everything about the formats of the table.
    let declared = |format: &&Arc<Format>| format::find(format.name.as_str()).is_none();
    for format in matrix.formats.values().filter(declared) {
        let options = format.options.to_string();
        builder = list(builder.text("format"), [format.name.as_str(), &format.source, &options]);
        builder = builder.field(&[format.reference as u8]);
    }
    let used: BTreeSet<&str> = models
        .iter()
        .flat_map(|model| [Some(model.dataset.as_str()), model.inputs.as_deref()])
        .flatten()
        .collect();
    for spec in matrix.datasets.values().filter(|spec| used.contains(spec.name.as_str())) {
        builder = dataset(builder, spec);
    }
    for (_, bytes) in matrix.given.iter().filter(|(name, _)| used.contains(name.as_str())) {
        builder = builder.text("given").digest(&Digest::of(bytes));
    }
    builder.finish()
}

/// A list with its length before it, so that it does not run into what follows.
fn list<'a>(builder: DigestBuilder, items: impl IntoIterator<Item = &'a str>) -> DigestBuilder {
    let items: Vec<&str> = items.into_iter().collect();
    let builder = builder.field(&(items.len() as u64).to_le_bytes());
    items.into_iter().fold(builder, DigestBuilder::text)
}

fn environment(builder: DigestBuilder, env: &EnvironmentSpec) -> DigestBuilder {
    let mut builder = builder.text("environment").text(env.name.as_str());
    builder = match &env.runtime {
        RuntimeSpec::Venv { python } => builder.text("venv").text(python),
        RuntimeSpec::Rootfs(RootfsSpec { suite, arch, debian, mirror }) => {
            let builder = builder.text("rootfs").text(suite).text(arch);
            list(list(builder, debian.iter().map(String::as_str)), mirror.as_deref())
        }
        RuntimeSpec::Container(ContainerSpec { source, platform }) => {
            let builder = list(builder.text("container"), platform.as_deref());
            match source {
                ImageSource::Image(image) => builder.text("image").text(image),
                ImageSource::Build(BuildSpec { context, dockerfile, target, network: _, args }) => {
                    let builder = builder.text("build").text(&context.to_string_lossy());
                    let builder = list(list(builder, dockerfile.as_deref()), target.as_deref());
                    list(builder, args.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]))
                }
            }
        }
        RuntimeSpec::Existing { command } => {
            list(builder.text("existing"), command.iter().map(String::as_str))
        }
        RuntimeSpec::UnknownProducer => builder.text("elsewhere"),
    };
    let requirements: Vec<String> =
        env.packages.iter().map(|(package, version)| version.requirement(package)).collect();
    builder = list(builder, requirements.iter().map(String::as_str));
    builder = list(builder, env.variables.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]));
    // What most matrices do not declare leaves no trace.
    for (key, value) in &env.config {
        builder = builder.text("config").text(key).text(&value.to_string());
    }
    for index in &env.indexes {
        builder = builder.text(if index.is_default { "index" } else { "extra-index" }).text(&index.shown());
    }
    builder = env.setup.digest_into(builder);
    for (what, formats) in [("writes", &env.writes), ("reads", &env.reads)] {
        if let Some(formats) = formats {
            builder = list(builder.text(what), formats.iter().map(|format| format.as_str()));
        }
    }
    builder.field(&[u8::from(env.companions), u8::from(env.producer), u8::from(env.consumer)])
}

fn model(builder: DigestBuilder, model: &ModelSpec) -> DigestBuilder {
    let mut builder = builder.text("model").text(model.name.as_str());
    builder = match &model.source {
        ModelSource::Expression(expression) => builder.text("expression").text(expression),
        ModelSource::Recipe { source, neighbours, .. } => {
            let builder = builder.text("recipe").text(source);
            neighbours.iter().fold(builder, |builder, (name, it)| builder.text(name).text(&it.source))
        }
        ModelSource::File(source) => file(builder, source),
    };
    builder = builder.text(&model.dataset);
    builder = list(builder, model.inputs.as_deref());
    builder = list(builder, model.formats.iter().map(|format| format.as_str()));
    // No methods at all is not the same as the methods left open.
    builder = builder.field(&[u8::from(model.methods.is_some())]);
    builder = list(builder, model.methods.iter().flatten().map(String::as_str));
    builder = list(builder, model.requires.iter().map(String::as_str));
    if let Some(arrays) = &model.arrays {
        builder = builder.text("arrays").text(arrays);
    }
    builder.field(&model.seed.to_le_bytes())
}

/// A file counts by its bytes and by everything that decides what it is compared with.
fn file(builder: DigestBuilder, file: &ExternalArtifact) -> DigestBuilder {
    let mut builder = builder.text("file").text(&file.declared_path).text(file.producer.as_str());
    builder = match &file.digest {
        Some(digest) => builder.digest(digest),
        None => builder.text("unreadable"),
    };
    builder = list(builder, file.refusal.as_deref());
    for (name, expected) in &file.expected {
        builder = builder.text("expected").text(name).digest(&expected.output.digest);
        if expected.classes.iter().any(Option::is_some) {
            builder = list(builder, expected.classes.iter().flatten().map(String::as_str));
        }
    }
    builder.field(&[file.inputs as u8])
}

fn dataset(builder: DigestBuilder, spec: &DatasetSpec) -> DigestBuilder {
    let mut builder = builder.text("dataset").text(&spec.name).text(&spec.declared_path);
    // The target of a `.npy` is a path that was resolved: its file name is what stays the same.
    let npy = spec.path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npy"));
    let target = |text: &str| match text.rsplit(['/', '\\']).next() {
        Some(name) if npy => name.to_owned(),
        _ => text.to_owned(),
    };
    let targets: Vec<String> = spec.target.iter().map(|text| target(text)).collect();
    builder = list(builder, targets.iter().map(String::as_str));
    builder = list(builder, spec.drop.iter().map(String::as_str));
    builder = list(builder, spec.dtypes.iter().flat_map(|(name, dtype)| [name.as_str(), dtype.as_str()]));
    builder = match &spec.digest {
        Some(digest) => builder.digest(digest),
        None => builder.text("any"),
    };
    builder.field(&[u8::from(spec.dataframe)])
}
