//! Environments in images of docker or podman: pulled or built where that is asked for.

use std::collections::BTreeMap;
use std::time::Duration;

use super::emulator::{self, Cpu};
use super::engine::{Engine, Image, SHORT};
use super::failure::{ProbeTrouble, ProvisionFailure, Task};
use super::launch::Launch;
use super::options::Means;
use super::{probe, told};
use crate::matrix::{BuildSpec, ContainerSpec, ImageSource};
use crate::store::CacheRoot;
use crate::vocab::{DigestBuilder, Lock, Runtime};

/// The label of images that shelflife built.
const BUILT: &str = "shelflife.built=1";
const PULL: Duration = Duration::from_secs(3600);

/// The image of an environment: pulled or built where that is asked for, and of the wanted platform.
pub(super) async fn image(
    means: Means<'_>,
    engine: &Engine,
    spec: &ContainerSpec,
) -> Result<Image, ProvisionFailure> {
    if let Some(cpu) = spec.platform.as_deref().and_then(Cpu::of_platform) {
        emulator::need(means, cpu).await?;
    }
    let platform = spec.platform.as_deref();
    let reference = match &spec.source {
        ImageSource::Image(image) => {
            if inspect(engine, image).await?.is_none() {
                pull(means, engine, image, platform).await?;
            }
            image.clone()
        }
        ImageSource::Build(spec) => build(means, engine, spec, platform).await?,
    };
    let Some((id, found)) = inspect(engine, &reference).await? else {
        return Err(ProvisionFailure::ImageUnknown { engine: engine.name.clone(), image: reference });
    };
    if let Some(wanted) = platform
        && !fits(wanted, &found)
    {
        return Err(ProvisionFailure::WrongPlatform { image: reference, wanted: wanted.to_owned(), found });
    }
    Ok(Image { engine: engine.clone(), id, platform: spec.platform.clone() })
}

/// Engines name variants now and then: `linux/arm64` and `linux/arm64/v8` are the same.
fn fits(wanted: &str, found: &str) -> bool {
    let both = |text: &str| text.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
    both(wanted) == both(found)
        && (wanted.matches('/').count() < 2 || found.matches('/').count() < 2 || wanted == found)
}

/// Digest and platform of an image that is here.
async fn inspect(engine: &Engine, image: &str) -> Result<Option<(String, String)>, ProvisionFailure> {
    let format = "{{.Id}} {{.Os}}/{{.Architecture}}{{with .Variant}}/{{.}}{{end}}";
    // podman has no field for the variant in older releases.
    for format in [format, "{{.Id}} {{.Os}}/{{.Architecture}}"] {
        let captured = engine.run(&["image", "inspect", "--format", format, image], SHORT).await?;
        let text = captured.stdout_text();
        if captured.status.success()
            && let Some((id, platform)) = text.trim().split_once(' ')
        {
            return Ok(Some((id.to_owned(), platform.to_owned())));
        }
    }
    Ok(None)
}

async fn pull(
    means: Means<'_>,
    engine: &Engine,
    image: &str,
    platform: Option<&str>,
) -> Result<(), ProvisionFailure> {
    if means.options.offline {
        return Err(ProvisionFailure::ImageOffline(image.to_owned()));
    }
    (means.note)(&format!("pulling the image {image}"));
    let words: Vec<&str> = ["pull", "--quiet"]
        .into_iter()
        .chain(platform.into_iter().flat_map(|p| ["--platform", p]))
        .chain([image])
        .collect();
    let captured = engine.run(&words, PULL).await?;
    if captured.status.success() {
        return Ok(());
    }
    let task = Task::Pull { image: image.to_owned(), engine: engine.program.clone() };
    Err(ProvisionFailure::Task { task, failed: engine.failed(&captured) })
}

/// Builds an image; layers that the engine knows are not built again. An image that an earlier build of the same
/// thing gave, and that this one replaces, is removed when nobody has used it for a while.
async fn build(
    means: Means<'_>,
    engine: &Engine,
    spec: &BuildSpec,
    platform: Option<&str>,
) -> Result<String, ProvisionFailure> {
    let BuildSpec { context, dockerfile, target, network, args } = spec;
    let context = std::path::absolute(context)?;
    if !context.is_dir() {
        return Err(ProvisionFailure::NoContext(context));
    }
    (means.note)(&format!("building an image in {}", context.display()));
    let mut words = vec!["build".to_owned(), "--quiet".to_owned()];
    if let Some(platform) = platform {
        words.extend(["--platform".to_owned(), platform.to_owned()]);
    }
    if let Some(dockerfile) = dockerfile {
        words.extend(["--file".to_owned(), context.join(dockerfile).display().to_string()]);
    }
    if let Some(target) = target {
        words.extend(["--target".to_owned(), target.clone()]);
    }
    for (name, value) in args {
        words.extend(["--build-arg".to_owned(), format!("{name}={value}")]);
    }
    // What was asked for gives the name, so that a changed Dockerfile replaces its image instead of adding one.
    let mut name = DigestBuilder::new("image-v1").text(platform.unwrap_or_default());
    for word in words.iter().chain([&context.display().to_string()]) {
        name = name.text(word);
    }
    let tag = format!("shelflife/{}", name.finish().short());
    words.extend(["--tag", &tag, "--label", BUILT].map(str::to_owned));
    if let Some(network) = network {
        words.extend(["--network".to_owned(), network.clone()]);
    }
    words.push(context.display().to_string());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let captured = engine.run(&words, PULL).await?;
    let id = captured.stdout_text().lines().last().unwrap_or_default().trim().to_owned();
    if captured.status.success() && !id.is_empty() {
        // Only what has lost its name; the hour spares an image that another run has just built and not yet started.
        let label = format!("label={BUILT}");
        let _ = engine
            .run(&["image", "prune", "--force", "--filter", &label, "--filter", "until=1h"], SHORT)
            .await;
        return Ok(id);
    }
    Err(ProvisionFailure::Task { task: Task::Build(context), failed: engine.failed(&captured) })
}

/// How Python is started in an image, and its lock.
pub(super) async fn open(
    cache: &CacheRoot,
    image: Image,
    variables: &BTreeMap<String, String>,
) -> Result<(Lock, Launch), ProvisionFailure> {
    let base = format!("image {}", image.id);
    let (engine, id) = (image.engine.program.display().to_string(), image.id.clone());
    let launch = Launch::in_container(image.clone(), "python3");
    let (facts, launch) = match probe::probe(cache, &launch, variables).await {
        Ok(facts) => (facts, launch),
        Err(failure) => {
            let launch = Launch::in_container(image, "python");
            match probe::probe(cache, &launch, variables).await {
                Ok(facts) => (facts, launch),
                Err(_) => return Err(blame(failure, &engine, &id)),
            }
        }
    };
    let mut lock = facts.into_lock(Runtime::Container, variables.clone());
    lock.base = Some(base);
    Ok((lock, launch))
}

/// A failure to start a container is the engine's, not the image's.
fn blame(failure: ProvisionFailure, engine: &str, image: &str) -> ProvisionFailure {
    match failure {
        ProvisionFailure::Probe { command, trouble: ProbeTrouble::NoAnswer(failed) }
            if told::is_engines_own(failed.exit.code) =>
        {
            let (engine, image) = (engine.to_owned(), image.to_owned());
            ProvisionFailure::Probe { command, trouble: ProbeTrouble::Engine { engine, image, failed } }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::told::Speaker;
    use super::*;
    use crate::process::{Captured, Exit};

    #[test]
    fn an_engine_that_starts_nothing_is_told_from_an_image_without_python() {
        let told = |code: i32, said: &str| {
            let status = Exit { code: Some(code), signal: None };
            let captured = Captured { status, stderr: said.as_bytes().to_vec(), ..Captured::default() };
            let failed = Speaker::Other.failed("python3", &captured);
            let trouble = ProbeTrouble::NoAnswer(failed);
            let failure = ProvisionFailure::Probe { command: "python3".to_owned(), trouble };
            blame(failure, "/usr/bin/podman", "sha256:1")
        };
        let own = told(126, "Error: runc: runc create failed: unable to start container process");
        assert!(own.remedy().is_some_and(|text| text.contains("`/usr/bin/podman run")), "{own}");
        assert!(own.reason().contains("runc create failed"), "{own}");
        let image = told(1, "python3: can't open file");
        assert!(image.remedy().is_some_and(|text| text.contains("starts Python 3.6")), "{image}");
    }

    #[test]
    fn platforms_may_name_a_variant_or_not() {
        assert!(fits("linux/386", "linux/386"));
        assert!(fits("linux/arm64", "linux/arm64/v8"));
        assert!(fits("linux/arm/v7", "linux/arm"));
        assert!(!fits("linux/arm/v7", "linux/arm/v6"));
        assert!(!fits("linux/386", "linux/amd64"));
    }
}
