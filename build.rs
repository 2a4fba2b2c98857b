//! Packs what lies in folders, so that a file that is there counts: what is known of releases for `src/knowledge`, and the
//! modules of the agent as the one source text that `src/worker` sends. It is compressed here, since an archive would not
//! make it as small.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// What was measured, in `knowledge`.
const MEASURED: [&str; 2] = ["facts.json", "evidence.json"];
/// What people write there: folders, and the ending of what counts in each.
const WRITTEN: [(&str, &str); 5] =
    [("", "toml"), ("", "txt"), ("rules", "toml"), ("mends", "py"), ("mends/companions", "py")];
/// Of Zstandard: the slowest of those that take no more memory to read.
const LEVEL: i32 = 19;
/// The folder and the name of the agent's package.
const AGENT: &str = "src/worker/agent";
const PACKAGE: &str = "shelflife_agent";
/// The package in it that mends.
const ENGINE: &str = "mending";

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let target = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let agent = agent(&root.join(AGENT))?;
    write(&target.join("engine.rs"), &engine(&root.join(AGENT).join(PACKAGE).join(ENGINE), &agent)?)?;
    write(&target.join("agent.py.zst"), &packed(agent.as_bytes())?)?;
    write(&target.join("knowledge.zst"), &packed(written(&root.join("knowledge"))?.as_bytes())?)?;
    MEASURED.iter().try_for_each(|file| measured(&root.join("knowledge").join(file), &target))?;
    println!("cargo:rustc-env=SHELFLIFE_COMMIT={}", commit(&root));
    Ok(())
}

/// The commit that this is built from, in brackets behind the version; nothing where there is no repository of our own, as
/// in a source distribution. A release script can say it by a variable.
fn commit(root: &Path) -> String {
    println!("cargo:rerun-if-env-changed=SHELFLIFE_BUILD_COMMIT");
    let told = env::var("SHELFLIFE_BUILD_COMMIT").ok().or_else(|| of_repository(root));
    let is_one = |text: &String| text.len() >= 7 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    told.filter(is_one).map(|text| format!(" ({})", &text[..text.len().min(12)])).unwrap_or_default()
}

fn of_repository(root: &Path) -> Option<String> {
    // A repository further up is somebody else's.
    let marker = root.join(".git");
    if !marker.exists() {
        return None;
    }
    let git = |arguments: &[&str]| {
        let output = Command::new("git").current_dir(root).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    // Whatever moves the head is written to its log.
    for file in ["HEAD", "logs/HEAD"] {
        if let Some(path) =
            git(&["rev-parse", "--git-path", file]).map(|path| root.join(path)).filter(|it| it.exists())
        {
            println!("cargo:rerun-if-changed={}", path.display());
        }
    }
    git(&["rev-parse", "HEAD"])
}

/// Writes a file compressed, under its own name and `.zst`.
fn measured(path: &Path, target: &Path) -> io::Result<()> {
    println!("cargo:rerun-if-changed={}", path.display());
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".zst");
    write(&target.join(name), &packed(&fs::read(path)?)?)
}

fn packed(bytes: &[u8]) -> io::Result<Vec<u8>> {
    zstd::encode_all(bytes, LEVEL)
}

/// The paths and texts of what people have written in `knowledge`, each ended by a zero byte.
fn written(root: &Path) -> io::Result<String> {
    let mut known = String::new();
    for (inside, ending) in WRITTEN {
        for path in files(&root.join(inside), ending)? {
            println!("cargo:rerun-if-changed={}", path.display());
            let text = fs::read_to_string(&path)?;
            if text.contains('\0') {
                return Err(io::Error::other(format!("{}: a text with a zero byte in it", path.display())));
            }
            let name = Path::new(inside).join(path.file_name().unwrap_or_default());
            let _ = write!(known, "{}\0{text}\0", name.display());
        }
    }
    Ok(known)
}

/// A list of the names of the engine's modules, and the places of their sources in the agent's text.
fn engine(folder: &Path, agent: &str) -> io::Result<String> {
    let mut list = String::from("&[\n");
    for path in files(folder, "py")? {
        let source = fs::read_to_string(&path)?;
        let from = agent.find(&source).filter(|_| !source.is_empty());
        let from = from.ok_or_else(|| io::Error::other(format!("{}: not in the agent", path.display())))?;
        let id = path.file_stem().unwrap_or_default().to_string_lossy();
        let _ = writeln!(list, "    ({id:?}, {from}..{}),", from + source.len());
    }
    list.push_str("]\n");
    Ok(list)
}

/// The agent's modules, and the loader that imports them.
fn agent(folder: &Path) -> io::Result<String> {
    let loader = folder.join("loader.py");
    println!("cargo:rerun-if-changed={}", loader.display());
    let mut text = String::from("MODULES = {\n");
    modules(&folder.join(PACKAGE), PACKAGE, &mut text)?;
    text.push_str("}\n");
    text.push_str(&fs::read_to_string(&loader)?);
    Ok(text)
}

/// Adds the modules of a package, and those of the packages in it.
fn modules(folder: &Path, package: &str, text: &mut String) -> io::Result<()> {
    let place = package.replace('.', "/");
    for path in files(folder, "py")? {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let module = if stem == "__init__" { package.to_owned() } else { format!("{package}.{stem}") };
        let source = literal(&path, &fs::read_to_string(&path)?)?;
        let _ = writeln!(text, "    \"{module}\": (\"{place}/{stem}.py\", {source}),");
    }
    let mut inner = sorted(folder)?;
    inner.retain(|path| path.join("__init__.py").is_file());
    inner.iter().try_for_each(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        modules(path, &format!("{package}.{name}"), text)
    })
}

/// A text as a raw literal of Python, which costs the interpreter nothing to read. Sources are ASCII, so that no
/// interpreter has to guess.
fn literal(path: &Path, text: &str) -> io::Result<String> {
    let refuse = |what: &str| Err(io::Error::other(format!("{}: {what}", path.display())));
    if !text.is_ascii() {
        return refuse("the agent's source is ASCII: write other characters as escapes");
    }
    if text.contains("'''") || !text.ends_with('\n') {
        return refuse(
            "the agent's source is packed between three apostrophes: use none, and end with a new line",
        );
    }
    Ok(format!("r'''{text}'''"))
}

/// The files of a folder by their extension, in the order of their names.
fn files(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    println!("cargo:rerun-if-changed={}", folder.display());
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut files = sorted(folder)?;
    files.retain(|path| path.extension().is_some_and(|own| own == extension));
    Ok(files)
}

/// What lies in a folder, in the order of its names.
fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
    paths.sort();
    Ok(paths)
}

#[expect(clippy::disallowed_methods, reason = "the atomic writers are part of the program that this builds")]
fn write(path: &Path, text: &(impl AsRef<[u8]> + ?Sized)) -> io::Result<()> {
    fs::write(path, text)
}
