//! Holds what `ARCHITECTURE.md` promises: the direction of imports, who may spawn processes, who may write files, and
//! the length of files.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The modules by layer. A module imports from its own folder and from lower layers, and of its own layer only what
/// `SIBLINGS` lists.
const LAYERS: &[(&str, u8)] = &[
    ("vocab", 0),
    ("artifact", 1),
    ("compare", 1),
    ("dataset", 1),
    ("explain", 1),
    ("format", 1),
    ("inspect", 1),
    ("judge", 1),
    ("matrix", 1),
    ("plan", 1),
    ("process", 2),
    ("provision", 2),
    ("run", 2),
    ("store", 2),
    ("worker", 2),
    ("present", 3),
    ("cli", 4),
];

const SIBLINGS: &[(&str, &str)] = &[
    ("artifact", "dataset"),
    ("artifact", "format"),
    ("artifact", "inspect"),
    ("artifact", "matrix"),
    ("dataset", "matrix"),
    ("explain", "matrix"),
    ("judge", "explain"),
    ("judge", "format"),
    ("matrix", "format"),
    ("plan", "format"),
    ("plan", "matrix"),
    ("provision", "process"),
    ("provision", "store"),
    ("run", "process"),
    ("run", "provision"),
    ("run", "store"),
    ("run", "worker"),
    ("worker", "process"),
];

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, files);
            } else {
                files.push(path);
            }
        }
    }
    let mut files = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    files.sort();
    files
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs" || extension == "py"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let root = Path::new(env!("CARGO_MANIFEST_DIR"));
            (path.strip_prefix(root).unwrap().to_owned(), text)
        })
        .collect()
}

fn module_of(path: &Path) -> String {
    let mut parts = path.components().skip(1).map(|part| part.as_os_str().to_string_lossy().into_owned());
    let first = parts.next().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The part of a file before its unit tests.
fn without_tests(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod tests").map_or(text, |at| &text[..at])
}

fn is_test_file(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "tests.rs" || name == "fixture.rs")
}

#[test]
fn imports_go_down() {
    let layers: BTreeMap<&str, u8> = LAYERS.iter().copied().collect();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (path, text) in sources() {
        let module = module_of(&path);
        if matches!(module.as_str(), "lib" | "main") || is_test_file(&path) {
            continue;
        }
        let layer = *layers.get(module.as_str()).unwrap_or_else(|| panic!("{module} is in no layer"));
        for part in without_tests(&text).split("crate::").skip(1) {
            let target: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let Some(other) = layers.get(target.as_str()) else { continue };
            seen += 1;
            let allowed =
                target == module || *other < layer || SIBLINGS.contains(&(module.as_str(), target.as_str()));
            if !allowed {
                wrong.push(format!("{}: {module} must not use {target}", path.display()));
            }
        }
    }
    assert!(seen > 50, "only {seen} imports were found: the test has lost sight of the sources");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn effects_stay_where_they_belong() {
    let rules: &[(&[&str], &[&str])] = &[
        (&["process::Command::new", "std::process::Command", "tokio::process"], &["process"]),
        (
            &[
                "fs::write(",
                "File::create",
                "create_new(",
                "OpenOptions",
                "NamedTempFile",
                "tempfile_in",
                "fs::rename",
                "fs::remove_",
                "create_dir",
            ],
            &["store", "present"],
        ),
        (&["tokio::"], &["process", "store", "provision", "worker", "run", "cli"]),
        (
            &["SystemTime::now", "Instant::now", "Timestamp::now"],
            &["process", "store", "provision", "run", "cli"],
        ),
        (&["std::fs", "fs_err"], &["store", "provision", "present", "cli", "process"]),
    ];
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let module = module_of(&path);
        if path.extension().is_some_and(|extension| extension == "py") || is_test_file(&path) {
            continue;
        }
        for (words, modules) in rules {
            for word in *words {
                if without_tests(&text).contains(word) && !modules.contains(&module.as_str()) {
                    wrong.push(format!("{}: {module} must not use {word}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the agent's modules import at their top: Python's standard library since 3.6, and nothing else.
const STANDARD: &str = "ast builtins ctypes fcntl gc importlib inspect io json math operator os pickle pwd random \
     resource select shutil signal socket struct sys tarfile tempfile threading time traceback warnings";

/// The modules of the agent, each with its text.
fn agent_modules() -> BTreeMap<String, String> {
    sources()
        .into_iter()
        .filter(|(path, _)| path.starts_with("src/worker/agent/shelflife_agent"))
        .map(|(path, text)| (path.file_stem().unwrap().to_string_lossy().into_owned(), text))
        .collect()
}

/// The modules that a module of the agent imports, as far as they are the agent's own.
fn own_imports(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.trim().strip_prefix("from .")?.split(' ').next()).collect()
}

#[test]
fn the_agent_needs_only_the_standard_library() {
    let mut wrong = Vec::new();
    for (name, text) in agent_modules() {
        for line in text.lines() {
            let words = line.strip_prefix("import ").or_else(|| line.strip_prefix("from "));
            let Some(module) = words.and_then(|words| words.split([' ', '.']).next()) else { continue };
            if !module.is_empty() && STANDARD.split(' ').all(|it| it != module) {
                wrong.push(format!("{name} must not import {module} at its top"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_agents_modules_import_one_way() {
    let modules = agent_modules();
    assert!(modules.len() > 20, "only {} modules were found", modules.len());
    // Whoever imports only what is settled is settled as well; a circle never is.
    let mut settled = BTreeSet::new();
    while settled.len() < modules.len() {
        let next: Vec<&str> = modules
            .iter()
            .filter(|(name, text)| {
                !settled.contains(name.as_str()) && own_imports(text).iter().all(|it| settled.contains(it))
            })
            .map(|(name, _)| name.as_str())
            .collect();
        let rest: Vec<_> = modules.keys().filter(|name| !settled.contains(name.as_str())).collect();
        assert!(!next.is_empty(), "these import each other in a circle: {rest:?}");
        settled.extend(next);
    }
    // An import in a function would look for a name that the loader has taken away.
    for (name, text) in &modules {
        assert!(!text.contains(" from ."), "{name} imports a module of the agent in a function");
    }
}

#[test]
fn files_stay_readable() {
    let long: Vec<_> = sources()
        .into_iter()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > 520)
        .map(|(path, lines)| format!("{} has {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn the_map_names_every_module() {
    let map = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md")).unwrap();
    for (module, _) in LAYERS {
        assert!(map.contains(&format!("`src/{module}")), "ARCHITECTURE.md does not mention src/{module}");
    }
}

#[test]
fn the_judge_is_exhaustive() {
    // A new outcome or verdict must make the compiler ask what it means, so the files that form opinions have no
    // catch-all arm over them.
    let file = "src/judge/gate.rs";
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    assert!(!without_tests(&text).contains("_ =>"), "{file} has a catch-all arm");
}
