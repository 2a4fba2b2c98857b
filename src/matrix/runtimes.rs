//! Which keys belong to which runtime, and the environments that are no product of versions.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_spanned::Spanned;

use super::axes::{choices, in_order, package_key, unknown_word};
use super::debian;
use super::error::{Fallible, Source};
use super::load::resolve;
use super::naming::{check_name, plain_name};
use super::raw::{RawEnvironment, Text, Texts, texts};
use super::types::{BuildSpec, ContainerSpec, ImageSource, RootfsSpec, RuntimeSpec, VersionSpec};
use crate::notation::glob;
use crate::vocab::{EnvName, Runtime};

/// An environment's name, how it is made, and its declared packages.
pub(super) type Named = (EnvName, RuntimeSpec, BTreeMap<String, VersionSpec>);

/// CPUs by Debian's names.
pub const ARCHES: &[&str] = &["amd64", "i386", "arm64", "armhf", "s390x", "ppc64el"];

/// One runtime in the matrix.
struct RuntimeKeys {
    runtime: Runtime,
    /// How messages call such an environment.
    article: &'static str,
    /// The keys that it understands beside those that all understand.
    keys: &'static [&'static str],
    /// What to do about a key that it does not understand.
    help: &'static str,
}

/// Every runtime.
const RUNTIMES: &[RuntimeKeys] = &[
    RuntimeKeys {
        runtime: Runtime::Venv,
        article: "a virtual environment",
        keys: &["python", "packages", "exclude", "include", "launcher", "allow-build"],
        help: "name the `runtime` that it belongs to, or remove it",
    },
    RuntimeKeys {
        runtime: Runtime::Rootfs,
        article: "a Debian tree",
        keys: &["suite", "arch", "debian", "mirror", "packages"],
        help: "its Python is Debian's own: declare `suite` and `arch`, and remove this key",
    },
    RuntimeKeys {
        runtime: Runtime::Container,
        article: "a container",
        keys: &["image", "build", "platform"],
        help: "its packages are those of its image; remove this key",
    },
    RuntimeKeys {
        runtime: Runtime::Existing,
        article: "an existing environment",
        keys: &["command", "launcher"],
        help: "shelflife installs nothing in it; remove this key, or use `runtime = \"venv\"`",
    },
];

/// The runtime that an environment declares, once every key beside it is known to belong to it.
pub(super) fn declared(source: &Source, raw: &Spanned<RawEnvironment>) -> Fallible<Runtime> {
    let env = raw.get_ref();
    let row = match &env.runtime {
        None => &RUNTIMES[0],
        Some(word) => {
            let known = RUNTIMES.iter().find(|row| row.runtime.as_str() == word.get_ref());
            known.ok_or_else(|| {
                let words: Vec<_> = RUNTIMES.iter().map(|row| row.runtime.as_str()).collect();
                unknown_word(source, &env.runtime, word.get_ref(), &words)
            })?
        }
    };
    let written: [(&str, Option<Range<usize>>); 14] = [
        ("python", env.python.as_ref().map(Spanned::span)),
        ("packages", env.packages.keys().next().map(Spanned::span)),
        ("exclude", env.exclude.first().map(Spanned::span)),
        ("include", env.include.first().map(Spanned::span)),
        ("launcher", env.launcher.as_ref().map(Spanned::span)),
        ("command", env.command.as_ref().map(Spanned::span)),
        ("suite", env.suite.as_ref().map(Spanned::span)),
        ("arch", env.arch.as_ref().map(Spanned::span)),
        ("debian", env.debian.as_ref().map(Spanned::span)),
        ("mirror", env.mirror.as_ref().map(Spanned::span)),
        ("image", env.image.as_ref().map(Spanned::span)),
        ("build", env.build.as_ref().map(Spanned::span)),
        ("allow-build", env.allow_build.as_ref().map(Spanned::span)),
        ("platform", env.platform.as_ref().map(Spanned::span)),
    ];
    for (key, span) in written {
        let Some(span) = span else { continue };
        if row.keys.contains(&key) {
            continue;
        }
        let owner = RUNTIMES.iter().find(|row| row.keys.contains(&key));
        return Err(match (row.runtime, owner) {
            (Runtime::Venv, Some(owner)) => source.problem(
                span,
                format!("`{key}` belongs to {}", owner.article),
                format!("add `runtime = \"{}\"`, or remove `{key}`", owner.runtime.as_str()),
            ),
            _ => source.problem(span, format!("`{key}` does not apply to {}", row.article), row.help),
        });
    }
    Ok(row.runtime)
}

/// Name and command of an environment that somebody else made.
pub(super) fn existing(source: &Source, raw: &Spanned<RawEnvironment>) -> Fallible<Named> {
    let env = raw.get_ref();
    let command: Vec<String> = match &env.command {
        Some(command) => texts(command).into_iter().map(Spanned::into_inner).collect(),
        None => Vec::new(),
    };
    if command.iter().all(String::is_empty) {
        return Err(source.problem(
            env.command.as_ref().map_or(raw.span(), Spanned::span),
            "an existing environment needs the command that starts its Python",
            "add, for example, `command = [\"/usr/bin/python3\"]`",
        ));
    }
    let name = given_name(source, raw, "an existing environment", "system")?;
    Ok((name, RuntimeSpec::Existing { command }, BTreeMap::new()))
}

fn given_name(
    source: &Source,
    raw: &Spanned<RawEnvironment>,
    article: &str,
    example: &str,
) -> Fallible<EnvName> {
    match &raw.get_ref().name {
        Some(name) => Ok(plain_name(source, name, "environment")?.into()),
        None => Err(source.problem(
            raw.span(),
            format!("{article} needs a name"),
            format!("add, for example, `name = \"{example}\"`"),
        )),
    }
}

/// Every suite on every CPU.
pub(super) fn rootfs(source: &Source, raw: &Spanned<RawEnvironment>) -> Fallible<Vec<Named>> {
    let env = raw.get_ref();
    let suites = words(source, raw, &env.suite, "suite", debian::suites())?;
    let arches = words(source, raw, &env.arch, "arch", ARCHES)?;
    let packages = pinned_packages(source, env)?;
    let mut debian = Vec::new();
    for package in env.debian.iter().flat_map(texts) {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
        if package.get_ref().is_empty() || !package.get_ref().chars().all(plain) {
            return Err(source.problem(
                package.span(),
                format!("`{}` is not the name of a Debian package", package.get_ref()),
                "write, for example, \"python3-pandas\"; the suite decides its version",
            ));
        }
        debian.push(package.into_inner());
    }
    debian.sort();
    debian.dedup();
    if let Some(mirror) = &env.mirror
        && !["http://", "https://", "file:/"].iter().any(|start| mirror.get_ref().starts_with(start))
    {
        return Err(source.problem(
            mirror.span(),
            format!("`{}` is not the address of a mirror", mirror.get_ref()),
            "write the address of a Debian mirror, which begins with http://, https:// or file:/",
        ));
    }
    let template = env.name.as_ref().map_or("{suite}-{arch}", |name| name.get_ref().as_str());
    let mut made: Vec<Named> = Vec::new();
    for suite in &suites {
        for arch in &arches {
            let span = env.name.as_ref().map_or(raw.span(), Spanned::span);
            let name = template.replace("{suite}", suite).replace("{arch}", arch);
            check_name(&name, "environment")
                .map_err(|(message, help)| source.problem(span.clone(), message, help))?;
            if made.iter().any(|(other, ..)| other.as_str() == name) {
                return Err(source.problem(
                    span,
                    format!("several trees get the name `{name}`"),
                    "put what varies into the name, such as `name = \"{suite}-{arch}\"`",
                ));
            }
            let spec = RootfsSpec {
                suite: suite.clone(),
                arch: arch.clone(),
                debian: debian.clone(),
                mirror: env.mirror.as_ref().map(|mirror| mirror.get_ref().clone()),
            };
            made.push((EnvName::from(name), RuntimeSpec::Rootfs(spec), packages.clone()));
        }
    }
    Ok(made)
}

fn words(
    source: &Source,
    raw: &Spanned<RawEnvironment>,
    values: &Option<Texts>,
    key: &str,
    known: &[&str],
) -> Fallible<Vec<String>> {
    let mut words = Vec::new();
    for text in values.iter().flat_map(texts) {
        if !known.contains(&text.get_ref().as_str()) {
            return Err(source.problem(
                text.span(),
                format!("the {key} `{}` is not known", text.get_ref()),
                glob::suggestion(text.get_ref(), known.iter().copied()),
            ));
        }
        words.push(text.into_inner());
    }
    if words.is_empty() {
        return Err(source.problem(
            values.as_ref().map_or(raw.span(), Spanned::span),
            format!("this Debian tree does not declare its `{key}`"),
            format!("write one of {}", known.join(", ")),
        ));
    }
    Ok(words)
}

/// Packages for pip inside the tree, one version each.
fn pinned_packages(source: &Source, env: &RawEnvironment) -> Fallible<BTreeMap<String, VersionSpec>> {
    let mut packages = BTreeMap::new();
    for (key, values) in in_order(&env.packages) {
        let name = package_key(source, key)?;
        let mut specs = Vec::new();
        for text in texts(values) {
            specs.extend(choices(source, &name, &text)?);
        }
        let [spec] = specs.as_slice() else {
            return Err(source.problem(
                values.span(),
                format!("a Debian tree takes one version of {name}"),
                "write one `[[environments]]` for each",
            ));
        };
        packages.insert(name, spec.clone());
    }
    Ok(packages)
}

/// An image that exists or is built.
pub(super) fn container(source: &Source, raw: &Spanned<RawEnvironment>) -> Fallible<Named> {
    let env = raw.get_ref();
    let name = given_name(source, raw, "a container", "image-386")?;
    let image = match (&env.image, &env.build) {
        (Some(image), None) => {
            option_free(source, image, "image", "debian:bookworm")?;
            ImageSource::Image(image.get_ref().clone())
        }
        (None, Some(build)) => {
            let build = build.get_ref();
            ImageSource::Build(BuildSpec {
                context: resolve(&source.path, build.context.get_ref()),
                dockerfile: build.dockerfile.clone(),
                target: build.target.clone(),
                network: build.network.clone(),
                args: build.args.clone(),
            })
        }
        (image, _) => {
            return Err(source.problem(
                image.as_ref().map_or(raw.span(), Spanned::span),
                "a container needs either `image` or `build`",
                "write, for example, `image = \"registry/name:tag\"` or `build = { context = \"..\" }`",
            ));
        }
    };
    if let Some(platform) = &env.platform {
        option_free(source, platform, "platform", "linux/386")?;
    }
    let platform = env.platform.as_ref().map(|platform| platform.get_ref().clone());
    Ok((name, RuntimeSpec::Container(ContainerSpec { source: image, platform }), BTreeMap::new()))
}

/// The text stands on a command line: it must not be taken for an option.
fn option_free(source: &Source, text: &Text, what: &str, example: &str) -> Fallible<()> {
    let word = text.get_ref();
    if word.is_empty() || word.starts_with('-') || word.contains(char::is_whitespace) {
        return Err(source.problem(
            text.span(),
            format!("`{word}` is not a valid {what}"),
            format!("write, for example, \"{example}\""),
        ));
    }
    Ok(())
}
