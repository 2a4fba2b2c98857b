//! Lists the rules of `src/explain/rules` for `src/explain`, so that a file that is there is a rule.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let folder = root.join("src/explain/rules");
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut files: Vec<PathBuf> =
        fs::read_dir(&folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    let mut list = String::from("&[\n");
    for path in &files {
        let id = path.file_stem().unwrap_or_default().to_string_lossy();
        // Writing to a `String` cannot fail.
        let _ = writeln!(list, "    ({id:?}, include_str!({:?})),", path.display().to_string());
    }
    list.push_str("]\n");
    let target = Path::new(&env::var_os("OUT_DIR").unwrap_or_default()).join("rules.rs");
    write(&target, &list)
}

#[expect(clippy::disallowed_methods, reason = "the atomic writers are part of the program that this builds")]
fn write(path: &Path, text: &str) -> io::Result<()> {
    fs::write(path, text)
}
