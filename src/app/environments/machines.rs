//! Trees and images: `debian:bookworm/i386`, `docker:IMAGE`, each with its platform.

use super::super::error::RequestError;
use crate::matrix::{ARCHES, ContainerSpec, EnvironmentSpec, ImageSource, RootfsSpec, RuntimeSpec, suites};

/// The machine that shelflife runs on, in Debian's words.
const OWN: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };

/// The tree or image that a text names; `None` where it names neither.
///
/// # Errors
/// When it names one that is not known.
pub(super) fn machine(text: &str) -> Result<Option<EnvironmentSpec>, RequestError> {
    if let Some(tree) = text.strip_prefix("debian:") {
        return debian(tree).map(Some);
    }
    let image = ["docker:", "podman:", "image:"].iter().find_map(|prefix| text.strip_prefix(prefix));
    image.map(container).transpose()
}

fn debian(text: &str) -> Result<EnvironmentSpec, RequestError> {
    let (suite, arch) = text.split_once('/').unwrap_or((text, OWN));
    let known = |kind, word: &str, known: &'static [&'static str]| match known.contains(&word) {
        true => Ok(word.to_owned()),
        false => Err(RequestError::UnknownWord { kind, word: word.to_owned(), known }),
    };
    let suite = known("Debian release", suite, suites())?;
    let arch = known("CPU of a Debian tree", arch, ARCHES)?;
    let name = format!("{suite}-{arch}");
    let tree = RootfsSpec { suite, arch, debian: Vec::new(), mirror: None };
    Ok(EnvironmentSpec::new(name, RuntimeSpec::Rootfs(tree)))
}

/// An image, and behind a comma its platform.
fn container(text: &str) -> Result<EnvironmentSpec, RequestError> {
    let (image, platform) = match text.split_once(",platform=") {
        Some((image, platform)) => (image.trim(), Some(platform.trim().to_owned())),
        None => (text.trim(), None),
    };
    // What begins with a dash would be an option of the engine.
    if image.is_empty() || image.starts_with('-') || image.contains(char::is_whitespace) {
        return Err(RequestError::NoImage(image.to_owned()));
    }
    let mut name: String = image
        .rsplit('/')
        .next()
        .unwrap_or(image)
        .chars()
        .map(|c| if c.is_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' })
        .take(60)
        .collect();
    if let Some(platform) = &platform {
        name = format!("{name}-{}", platform.trim_start_matches("linux/").replace('/', "-"));
    }
    let image = ImageSource::Image(image.to_owned());
    Ok(EnvironmentSpec::new(name, RuntimeSpec::Container(ContainerSpec { source: image, platform })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_and_images_are_named() {
        let of = |text: &str| {
            machine(text).map(|found| found.map(|it| (it.name.to_string(), it.runtime.to_string())))
        };
        let named = |text: &str| of(text).unwrap().unwrap();
        assert_eq!(
            named("debian:bookworm/i386"),
            ("bookworm-i386".into(), "rootfs, Debian bookworm i386".into())
        );
        assert_eq!(named("debian:trixie").1, format!("rootfs, Debian trixie {OWN}"));
        let image = named("docker:ghcr.io/acme/serve:1.2,platform=linux/386");
        assert_eq!(image, ("serve-1.2-386".into(), "container, ghcr.io/acme/serve:1.2 for linux/386".into()));
        assert!(of("scikit-learn==1.7.2").unwrap().is_none());
        for wrong in ["debian:potato", "debian:bookworm/vax", "docker:", "docker:--privileged", "debian:"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
