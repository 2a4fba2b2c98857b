//! What pip and uv wrote down about what they installed (`RECORD`): how an environment that somebody else made is checked.
//! What other installers write there is not believed, since some change files afterwards.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use super::damage::{Damage, DamageKind};

/// What is not as it was installed into these folders of packages: files that are gone or have another size; and other
/// bytes, where a file has changed `since` then or all are to be read.
pub(super) fn check(sites: &[PathBuf], since: Option<SystemTime>, verify: bool) -> Option<Damage> {
    sites.iter().flat_map(|site| records(site)).find_map(|record| of_record(&record, since, verify))
}

/// The distribution to which a file of a folder of packages belongs, by the lists that installers wrote.
pub(super) fn owner(file: &Path) -> Option<String> {
    let site =
        file.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == "site-packages"))?;
    let own = file.strip_prefix(site).ok()?.to_str()?;
    let record = records(site).find(|record| {
        let text = std::fs::read_to_string(record).unwrap_or_default();
        text.lines().filter_map(parts).any(|(path, ..)| path == own)
    })?;
    // `numpy-1.26.4.dist-info`.
    let name = record.parent()?.file_name()?.to_str()?;
    Some(name.split('-').next()?.to_owned())
}

/// Each distribution in a folder of packages, with a digest of what was written down of its files: `numpy 1.26.4 0f3a...`.
/// Where it is installed is no part of it.
pub(super) fn contents(site: &Path) -> Vec<String> {
    let one = |record: PathBuf| {
        let name = record.parent()?.file_name()?.to_str()?.strip_suffix(".dist-info")?.replacen('-', " ", 1);
        let text = std::fs::read_to_string(&record).ok()?;
        let own = |path: &str| !path.starts_with(['/', '.']) && !path.contains(".dist-info/");
        let mut files: Vec<&str> =
            text.lines().filter(|line| parts(line).is_some_and(|(path, ..)| own(path))).collect();
        files.sort_unstable();
        Some(format!("{name} {}", crate::vocab::Digest::of(files.join("\n").as_bytes()).short()))
    };
    records(site).filter_map(one).collect()
}

fn records(site: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = std::fs::read_dir(site).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "dist-info"))
        .map(|path| path.join("RECORD"))
}

fn of_record(record: &Path, since: Option<SystemTime>, verify: bool) -> Option<Damage> {
    let folder = record.parent()?;
    let installer = std::fs::read_to_string(folder.join("INSTALLER")).unwrap_or_default();
    if !matches!(installer.trim(), "pip" | "uv") {
        return None;
    }
    let site = folder.parent()?;
    let text = std::fs::read_to_string(record).ok()?;
    text.lines().filter_map(parts).find_map(|(path, sha256, size)| {
        // Programs beside the packages are rewritten when they are installed, and compiled files come and go.
        if path.starts_with(['/', '.']) || path.ends_with(".pyc") {
            return None;
        }
        let file = site.join(path);
        let damage = |kind| Some(Damage { file: file.clone(), kind, is_shared: false });
        let Ok(facts) = std::fs::metadata(&file) else { return damage(DamageKind::Missing) };
        if facts.len() != size {
            return damage(DamageKind::Size { was: size, is: facts.len() });
        }
        let has_changed = || since.is_some_and(|since| facts.modified().is_ok_and(|time| time > since));
        let is_other = (verify || has_changed()) && digest(&file).is_some_and(|found| found != sha256);
        if is_other { damage(DamageKind::Bytes) } else { None }
    })
}

/// Path, SHA-256 and size of a line, where it has all three and no quotes.
fn parts(line: &str) -> Option<(&str, &str, u64)> {
    let mut parts = line.rsplitn(3, ',');
    let (size, digest, path) = (parts.next()?, parts.next()?, parts.next()?);
    Some((path, digest.strip_prefix("sha256=")?, size.parse().ok()?)).filter(|_| !path.contains('"'))
}

/// The SHA-256 of a file as `RECORD` writes it: base64 for addresses, without padding.
fn digest(file: &Path) -> Option<String> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut opened = std::fs::File::open(file).ok()?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match opened.read(&mut buffer).ok()? {
            0 => break,
            count => hasher.update(&buffer[..count]),
        }
    }
    let bits = |group: &[u8]| {
        let padded = [group[0], group.get(1).copied().unwrap_or(0), group.get(2).copied().unwrap_or(0)];
        u32::from_be_bytes([0, padded[0], padded[1], padded[2]])
    };
    let digits = hasher
        .finalize()
        .chunks(3)
        .flat_map(|group| {
            let bits = bits(group);
            (0..=group.len()).map(move |place| char::from(DIGITS[(bits >> (18 - 6 * place)) as usize & 63]))
        })
        .collect();
    Some(digits)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use fs_err as fs;

    use super::*;

    #[test]
    fn what_an_installer_wrote_down_is_what_has_to_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().join("site-packages");
        let info = site.join("thing-1.0.dist-info");
        fs::create_dir_all(site.join("thing")).unwrap();
        fs::create_dir_all(&info).unwrap();
        let file = site.join("thing/a.py");
        fs::write(&file, "abc").unwrap();
        let sha256 = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0";
        assert_eq!(digest(&file).as_deref(), Some(sha256));
        let record =
            format!("thing/a.py,sha256={sha256},3\nthing-1.0.dist-info/RECORD,,\n../../bin/x,sha256=x,9\n");
        fs::write(info.join("RECORD"), record).unwrap();
        let sites = [site.clone()];
        let kind = |since, verify| check(&sites, since, verify).map(|damage| damage.kind);
        let before = SystemTime::now() - Duration::from_secs(60);
        // Others change what they list.
        fs::write(info.join("INSTALLER"), "conda\n").unwrap();
        fs::write(&file, "abcd").unwrap();
        assert_eq!(kind(None, true), None);
        fs::write(info.join("INSTALLER"), "pip\n").unwrap();
        assert_eq!(kind(None, false), Some(DamageKind::Size { was: 3, is: 4 }));
        fs::write(&file, "abX").unwrap();
        assert_eq!((kind(None, false), kind(Some(before), false)), (None, Some(DamageKind::Bytes)));
        assert_eq!(kind(None, true), Some(DamageKind::Bytes));
        fs::write(&file, "abc").unwrap();
        assert_eq!(kind(Some(before), true), None);
        assert_eq!(owner(&file).as_deref(), Some("thing"));
        fs::remove_file(&file).unwrap();
        assert_eq!(kind(None, false), Some(DamageKind::Missing));
    }
}
