//! Requirements files, as pip reads them: what can be obeyed is, and what cannot is refused with its line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::error::LockTrouble;
use crate::artifact::{Files, pin};
use crate::matrix::{PackageSource, VersionSpec};
use crate::notation::package_name;

/// Files that name one another, at most.
const DEPTH: usize = 8;
/// Options that change nothing about which releases are installed.
const WITHOUT_EFFECT: &[&str] =
    &["--no-cache-dir", "--prefer-binary", "--disable-pip-version-check", "--require-hashes"];
/// Markers of machines that are not this one.
const ELSEWHERE: &[&str] = &["win32", "Windows", "darwin", "Darwin", "nt", "cygwin"];

/// Pins by package, and what comes from elsewhere than an index.
type Pins = BTreeMap<String, VersionSpec>;

/// The pins of a requirements file and of those that it names with `-r`; what `-c` names holds where the file says
/// nothing.
pub(super) fn pins_of(path: &Path, files: &dyn Files) -> Result<Pins, LockTrouble> {
    let mut pins = Pins::new();
    collect(path, files, 0, &mut pins)?;
    if pins.is_empty() { Err(LockTrouble::NoPins) } else { Ok(pins) }
}

pub(super) fn read(path: &Path, files: &dyn Files) -> Result<String, LockTrouble> {
    let bytes = files.read(path)?;
    // PowerShell writes `pip freeze > requirements.txt` in UTF-16.
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        let units: Vec<u16> =
            rest.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        return String::from_utf16(&units).map_err(|_| LockTrouble::NoText);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes).to_vec();
    String::from_utf8(bytes).map_err(|_| LockTrouble::NoText)
}

fn collect(path: &Path, files: &dyn Files, depth: usize, pins: &mut Pins) -> Result<(), LockTrouble> {
    if depth > DEPTH {
        return Err(LockTrouble::TooDeep);
    }
    let text = read(path, files)?;
    let mut begun: Option<(usize, String)> = None;
    for (number, line) in text.lines().enumerate() {
        // A line can go on behind a backslash.
        let (first, line) = match begun.take() {
            Some((first, before)) => (first, format!("{before} {}", line.trim())),
            None => (number + 1, line.trim().to_owned()),
        };
        match line.strip_suffix('\\') {
            Some(open) => begun = Some((first, open.trim().to_owned())),
            None => one(&line, first, path, files, depth, pins)?,
        }
    }
    Ok(())
}

fn one(
    line: &str,
    number: usize,
    path: &Path,
    files: &dyn Files,
    depth: usize,
    pins: &mut Pins,
) -> Result<(), LockTrouble> {
    let line = line.split(" #").next().unwrap_or_default().trim();
    if line.is_empty() || line.starts_with('#') || is_elsewhere(line) {
        return Ok(());
    }
    if line.starts_with('-') {
        return option(line, number, path, files, depth, pins);
    }
    let text = line.split("--hash").next().unwrap_or_default().trim();
    if ["@", "://", "./", "/", ".whl", ".tar.gz"].iter().any(|sign| text.contains(sign)) || text == "." {
        return elsewhere(text, number, path, files, pins);
    }
    let Some(pin) = pin(line) else { return Ok(()) };
    let (name, version) = pin.map_err(|why| LockTrouble::Line { line: number, why })?;
    add(name, VersionSpec::Exact(version), number, pins)
}

/// A package of a folder, a file, a repository or an address.
fn elsewhere(
    text: &str,
    number: usize,
    path: &Path,
    files: &dyn Files,
    pins: &mut Pins,
) -> Result<(), LockTrouble> {
    let refused = || LockTrouble::NotFromIndex { line: number, text: text.to_owned() };
    let text = text.split(" ;").next().unwrap_or(text).trim();
    let (name, from) = match text.split_once(" @ ") {
        Some((name, from)) => (Some(name.split('[').next().unwrap_or(name)), from.trim()),
        None => (text.split_once("#egg=").map(|(_, name)| name), text),
    };
    let base = path.parent().unwrap_or(Path::new(""));
    let source = PackageSource::parse(from, base).ok_or_else(refused)?.map_err(|_| refused())?;
    let name = match name {
        Some(name) => package_name(name.trim()).map_err(|_| refused())?,
        None => source.package(&|path| files.read(path).ok()).ok_or_else(refused)?,
    };
    add(name, VersionSpec::Source(source), number, pins)
}

fn add(name: String, version: VersionSpec, number: usize, pins: &mut Pins) -> Result<(), LockTrouble> {
    match pins.get(&name).filter(|known| **known != version) {
        Some(known) => Err(LockTrouble::PinnedTwice {
            line: number,
            versions: [known.to_string(), version.to_string()],
            package: name,
        }),
        None => {
            pins.insert(name, version);
            Ok(())
        }
    }
}

/// Whether a marker says that a line is for other machines.
fn is_elsewhere(line: &str) -> bool {
    let Some((_, marker)) = line.split_once(';') else { return false };
    let words: Vec<&str> =
        marker.split(['\'', '"', ' ', '(', ')']).map(str::trim).filter(|it| !it.is_empty()).collect();
    let is_one = words.windows(2).any(|pair| pair[0] == "==" && ELSEWHERE.contains(&pair[1]));
    is_one && !words.contains(&"or")
}

fn option(
    line: &str,
    number: usize,
    path: &Path,
    files: &dyn Files,
    depth: usize,
    pins: &mut Pins,
) -> Result<(), LockTrouble> {
    let option = line.split([' ', '=']).next().unwrap_or(line);
    let value = line[option.len()..].trim_start_matches([' ', '=']).trim();
    // `-rother.txt` is written as well.
    let (option, value) = match (option.get(..2), option.get(2..)) {
        (Some(short @ ("-r" | "-c")), Some(rest)) if !rest.is_empty() => (short, rest),
        _ => (option, value),
    };
    let beside = || -> PathBuf { path.parent().unwrap_or(Path::new("")).join(value) };
    match option {
        "-r" | "--requirement" => collect(&beside(), files, depth + 1, pins)
            .map_err(|why| LockTrouble::Within { line: number, path: beside(), why: Box::new(why) }),
        // Constraints install nothing of themselves, and pins leave nothing open.
        "-c" | "--constraint" => Ok(()),
        option if WITHOUT_EFFECT.contains(&option) => Ok(()),
        // Installed as it is now: what changes there afterwards is another environment.
        "-e" | "--editable" => elsewhere(value, number, path, files, pins),
        option => Err(LockTrouble::Option { line: number, option: option.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::Memory;
    use super::*;

    fn of(text: &str) -> Result<Pins, LockTrouble> {
        pins_of(
            Path::new("r.txt"),
            &Memory::of(&[
                ("r.txt", text),
                ("sub/base.txt", "-r more.txt\nnumpy==2.1.3\n"),
                ("sub/more.txt", "six==1.16.0\n"),
            ]),
        )
    }

    #[test]
    fn pins_are_read_as_pip_writes_them() {
        let text = "# made by pip\nNumPy==2.1.3\nscikit_learn==1.5.2  # why\nx[y]==1 ; python_version>'3'\n\
                    joblib==1.4.2 \\\n    --hash=sha256:00 \\\n    --hash=sha256:01\npywin32==306 ; sys_platform == 'win32'\n";
        let pins = of(text).unwrap();
        assert_eq!(pins.keys().collect::<Vec<_>>(), ["joblib", "numpy", "scikit-learn", "x"]);
        assert_eq!(pins["x"].to_string(), "1");
        assert!(matches!(of("numpy>=2\n"), Err(LockTrouble::Line { line: 1, .. })));
    }

    /// As `pip freeze` writes what was installed from a folder, a file or a repository.
    #[test]
    fn what_comes_from_elsewhere_is_understood() {
        for (line, name, source) in [
            ("x @ file:///home/me/x", "x", "/home/me/x"),
            (
                "x[all] @ file:///home/me/x-1.0-py3-none-any.whl#sha256=00",
                "x",
                "/home/me/x-1.0-py3-none-any.whl",
            ),
            ("-e git+https://h/y.git@abc#egg=my_z", "my-z", "git+https://h/y.git@abc"),
            ("y @ git+ssh://git@h/y.git@abc", "y", "git+ssh://git@h/y.git@abc"),
            ("wheels/tiny-2.0-py3-none-any.whl", "tiny", "wheels/tiny-2.0-py3-none-any.whl"),
            (
                "z @ https://h/z-1.0-py3-none-any.whl ; python_version > '3'",
                "z",
                "https://h/z-1.0-py3-none-any.whl",
            ),
        ] {
            let pins = of(&format!("numpy==1.26.4\n{line}\n")).unwrap();
            assert_eq!(pins[name].to_string(), source, "{line}");
        }
    }

    #[test]
    fn other_files_are_read_and_what_cannot_be_obeyed_is_refused() {
        let pins =
            of("-r sub/base.txt\n--requirement=sub/more.txt\nscikit-learn==1.5.2\n-c constraints.txt\n")
                .unwrap();
        assert_eq!(pins.keys().collect::<Vec<_>>(), ["numpy", "scikit-learn", "six"]);
        assert!(matches!(of("-r gone.txt\n"), Err(LockTrouble::Within { line: 1, .. })));
        assert!(matches!(of("# x\n-r r.txt\n"), Err(LockTrouble::Within { line: 2, .. })));
        for line in ["-e .", "git+https://x/y.git", "x @ https://y/z.tar.gz", "./local", "/tmp/x.whl"] {
            assert!(
                matches!(
                    of(&format!("numpy==1.26.4\n{line}\n")),
                    Err(LockTrouble::NotFromIndex { line: 2, .. })
                ),
                "{line}"
            );
        }
        for line in
            ["--index-url https://x", "-i https://x", "--pre", "--find-links wheels", "--no-binary :all:"]
        {
            assert!(matches!(of(line), Err(LockTrouble::Option { line: 1, .. })), "{line}");
        }
        assert!(matches!(of("numpy==1.26.4\nnumpy==2.1.3\n"), Err(LockTrouble::PinnedTwice { line: 2, .. })));
        assert!(matches!(of("# nothing\n"), Err(LockTrouble::NoPins)));
    }
}
