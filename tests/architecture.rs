//! Holds what `ARCHITECTURE.md` promises: the direction of imports, who may spawn processes, who may write files, and
//! the length of files.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The modules by layer. A module imports from its own folder and from lower layers, and of its own layer only what
/// `SIBLINGS` lists.
const LAYERS: &[(&str, u8)] = &[
    ("knowledge", 0),
    ("notation", 0),
    ("vocab", 0),
    ("artifact", 1),
    ("compare", 1),
    ("compat", 1),
    ("dataset", 1),
    ("explain", 1),
    ("format", 1),
    ("inspect", 1),
    ("judge", 1),
    ("matrix", 1),
    ("plan", 1),
    ("project", 1),
    ("release", 1),
    ("shard", 1),
    ("state", 1),
    ("cage", 2),
    ("process", 2),
    ("provision", 2),
    ("run", 2),
    ("store", 2),
    ("worker", 2),
    ("present", 3),
    ("app", 4),
    ("cli", 5),
];

const SIBLINGS: &[(&str, &str)] = &[
    ("artifact", "dataset"),
    ("artifact", "explain"),
    ("artifact", "format"),
    ("artifact", "inspect"),
    ("artifact", "matrix"),
    ("dataset", "matrix"),
    ("cage", "process"),
    ("compat", "explain"),
    ("compat", "format"),
    ("judge", "explain"),
    ("judge", "format"),
    ("judge", "state"),
    ("matrix", "format"),
    ("matrix", "explain"),
    ("plan", "format"),
    ("plan", "matrix"),
    ("plan", "state"),
    ("project", "matrix"),
    ("provision", "cage"),
    ("provision", "process"),
    ("provision", "store"),
    ("run", "cage"),
    ("run", "process"),
    ("run", "provision"),
    ("run", "store"),
    ("run", "worker"),
    ("shard", "state"),
    ("worker", "cage"),
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
            &["store", "present", "cage"],
        ),
        (&["tokio::"], &["cage", "process", "store", "provision", "worker", "run", "app"]),
        (
            &["SystemTime::now", "Instant::now", "Timestamp::now"],
            &["process", "store", "provision", "run", "app"],
        ),
        (&["std::fs", "fs_err"], &["cage", "store", "provision", "present", "app", "process"]),
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
const STANDARD: &str = "array ast builtins collections copyreg ctypes fcntl fnmatch gc importlib inspect io json math operator os pickle \
     platform random re resource select shutil signal socket struct sys tarfile tempfile threading time traceback types warnings";

/// The modules of the agent, each with its text.
fn agent_modules() -> BTreeMap<String, String> {
    sources()
        .into_iter()
        .filter_map(|(path, text)| {
            let path = path.strip_prefix("src/worker/agent/shelflife_agent").ok()?.with_extension("");
            let name = path.to_string_lossy().replace('/', ".");
            Some((name.trim_end_matches(".__init__").to_owned(), text))
        })
        .collect()
}

/// The modules that a module of the agent imports, as far as they are the agent's own.
fn own_imports(modules: &BTreeMap<String, String>, name: &str) -> Vec<String> {
    let is_package = modules.keys().any(|other| other.starts_with(&format!("{name}.")));
    let package = if is_package { Some(name) } else { name.rsplit_once('.').map(|(package, _)| package) };
    let imported = |line: &str| {
        let module = line.trim().strip_prefix("from .")?.split(' ').next()?;
        // Two dots lead out of a package, and there is but one level of them.
        Some(match (module.strip_prefix('.'), package) {
            (Some(outer), _) => outer.to_owned(),
            (None, Some(package)) => format!("{package}.{module}"),
            (None, None) => module.to_owned(),
        })
    };
    modules[name].lines().filter_map(imported).collect()
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
            .filter(|(name, _)| {
                !settled.contains(name.as_str())
                    && own_imports(&modules, name).iter().all(|it| settled.contains(it.as_str()))
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

/// The one file that reads sentences: those of records that an earlier version wrote.
const LEGACY: &str = "src/vocab/legacy.rs";

/// Texts by which decisions were once made that facts are typed for now: the text, the only file that may hold it, and
/// why. The list only ever gets longer.
const OFFENDERS: &[(&str, &str, &str)] = &[
    ("\"status 125\"", "", "how an engine ended is an exit code in ProbeTrouble"),
    ("\"status 126\"", "", "how an engine ended is an exit code in ProbeTrouble"),
    (
        "\"No solution found\"",
        "src/provision/told.rs",
        "uv's words are read at the border; ask ProvisionFailure",
    ),
    (
        "\"No module named pip\"",
        "src/provision/told.rs",
        "Python's words are read at the border; ask for Why::NoPip",
    ),
    ("\"no space left\"", "src/provision/told.rs", "a full disk is Why::FullDisk or an io::ErrorKind"),
    ("\" 1d of \"", "", "the length of an array is AttributeFact::lengths"),
    (
        "(it gave no reason)",
        "src/provision/words.rs",
        "how a program ended is an Exit, also where it said nothing",
    ),
    (
        "reason.contains(",
        LEGACY,
        "a reason is written for people; decide by the type that it is written from",
    ),
    (
        "reason.starts_with(",
        LEGACY,
        "a reason is written for people; decide by the type that it is written from",
    ),
    ("RULED_OUT", LEGACY, "a requirement that the matrix rules out is Cause::RuledOut"),
    (
        "\"the matrix says that it requires \"",
        LEGACY,
        "a requirement that the matrix rules out is Cause::RuledOut",
    ),
    ("\"shelflife_agent.\"", LEGACY, "what does not go together is told as an Unfit"),
    ("message.contains(environment", "", "which environment a cause is about is Cause::environment"),
];

#[test]
fn decisions_read_no_text_of_our_own() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        if is_test_file(&path) {
            continue;
        }
        let name = path.display().to_string();
        for (offender, home, why) in OFFENDERS {
            if without_tests(&text).contains(offender) && name != *home {
                wrong.push(format!("{name} holds `{offender}`: {why}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_judge_is_exhaustive() {
    // A new outcome or verdict must make the compiler ask what it means, so the files that form opinions have no
    // catch-all arm over them.
    let file = "src/judge/gate.rs";
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    assert!(!without_tests(&text).contains("_ =>"), "{file} has a catch-all arm");
}

/// Folders in which files still import each other in circles. The list only ever gets shorter.
const CIRCULAR: &[&str] = &[];

/// A file of the tree of modules: `["matrix", "types"]`; a `mod.rs` stands for its folder.
type Module = Vec<String>;

/// What a file takes from others, and what it hands on (`pub use`), by the name under which it is found here.
struct Imports {
    uses: Vec<Module>,
    handed_on: BTreeMap<String, Module>,
}

fn modules() -> BTreeMap<Module, Imports> {
    sources()
        .into_iter()
        .filter(|(path, _)| path.extension().is_some_and(|extension| extension == "rs"))
        .filter(|(path, _)| !is_test_file(path) && !path.ends_with("main.rs") && !path.ends_with("lib.rs"))
        .map(|(path, text)| {
            let path = path.with_extension("");
            let mut name: Module =
                path.iter().skip(1).map(|part| part.to_string_lossy().into_owned()).collect();
            name.pop_if(|last| last == "mod");
            (name, imports(without_tests(&text)))
        })
        .collect()
}

fn imports(text: &str) -> Imports {
    let code: String =
        text.lines().map(|line| line.split("//").next().unwrap_or_default().to_owned() + "\n").collect();
    let mut found = Imports { uses: Vec::new(), handed_on: BTreeMap::new() };
    let statement = regex::Regex::new(r"(?m)^\s*(pub(?:\([\w ]+\))? )?use ([^;]+);").unwrap();
    for one in statement.captures_iter(&code) {
        for path in use_tree(&one[2]) {
            match (one.get(1), path.last()) {
                (Some(_), Some(name)) => drop(found.handed_on.insert(name.clone(), path.clone())),
                _ => found.uses.push(path),
            }
        }
    }
    let body = statement.replace_all(&code, "");
    // Paths that are written where they are used.
    for path in regex::Regex::new(r"(?:\b\w+::)+\w+").unwrap().find_iter(&body) {
        found.uses.push(path.as_str().split("::").map(str::to_owned).collect());
    }
    found
}

/// `a::{b, c::d}` as paths.
fn use_tree(text: &str) -> Vec<Module> {
    let text = text.trim();
    let Some((start, rest)) = text.split_once('{') else {
        let text = text.split(" as ").next().unwrap();
        return vec![text.split("::").map(|part| part.trim().to_owned()).collect()];
    };
    // The last brace closes the group that `rest` is in.
    let inner = rest.trim_end().strip_suffix('}').unwrap();
    let (mut parts, mut depth) = (vec![String::new()], 0);
    for c in inner.chars() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if c == ',' && depth == 0 {
            parts.push(String::new());
        } else {
            parts.last_mut().unwrap().push(c);
        }
    }
    let parts = parts.into_iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(|part| use_tree(&format!("{start}{}", part.trim()))).collect()
}

/// The file in which what `path` names is defined, seen from the file `from`.
fn home(modules: &BTreeMap<Module, Imports>, from: &[String], path: &[String]) -> Option<Module> {
    let mut at = from.to_vec();
    let mut rest = path;
    match path.first()?.as_str() {
        "crate" => {
            at.clear();
            rest = &path[1..];
        }
        "self" => rest = &path[1..],
        "super" => {
            while let Some(("super", more)) = rest.split_first().map(|(first, more)| (first.as_str(), more)) {
                at.pop();
                rest = more;
            }
        }
        first => {
            let child = [from, &[first.to_owned()]].concat();
            if !modules.contains_key(&child) {
                return None;
            }
        }
    }
    while let Some((first, more)) = rest.split_first() {
        let child = [at.as_slice(), std::slice::from_ref(first)].concat();
        if !modules.contains_key(&child) {
            break;
        }
        (at, rest) = (child, more);
    }
    let handed_on = rest.first().and_then(|name| modules.get(&at)?.handed_on.get(name));
    match handed_on {
        Some(path) => home(modules, &at, path),
        None => (!at.is_empty()).then_some(at),
    }
}

/// What can be reached from `start` by imports, `start` itself only where that is a circle.
fn reached(edges: &BTreeMap<&Module, BTreeSet<Module>>, start: &Module) -> BTreeSet<Module> {
    let mut seen = BTreeSet::new();
    let mut open = vec![start.clone()];
    while let Some(module) = open.pop() {
        for next in edges.get(&module).into_iter().flatten() {
            if seen.insert(next.clone()) {
                open.push(next.clone());
            }
        }
    }
    seen
}

#[test]
fn files_import_no_circles() {
    let modules = modules();
    let edges: BTreeMap<&Module, BTreeSet<Module>> = modules
        .iter()
        .map(|(module, imports)| {
            let homes = imports.uses.iter().filter_map(|path| home(&modules, module, path));
            (module, homes.filter(|home| home != module).collect())
        })
        .collect();
    let count: usize = edges.values().map(BTreeSet::len).sum();
    assert!(count > 300, "only {count} imports between files were found: the test has lost sight of them");
    let circular: BTreeMap<&Module, BTreeSet<Module>> = edges
        .keys()
        .map(|module| (*module, reached(&edges, module)))
        .filter(|(module, reached)| reached.contains(*module))
        .collect();
    let wrong: Vec<String> = circular
        .iter()
        .filter(|(module, _)| !CIRCULAR.contains(&module[0].as_str()))
        .map(|(module, reached)| {
            let others = reached.iter().filter(|other| circular.contains_key(other) && other != module);
            let others: Vec<String> = others.map(|other| other.join("::")).collect();
            format!("{} is in a circle with {}", module.join("::"), others.join(", "))
        })
        .collect();
    assert!(wrong.is_empty(), "move what both sides need into a file below them:\n{}", wrong.join("\n"));
    for folder in CIRCULAR {
        let has_circle = circular.keys().any(|module| module[0] == *folder);
        assert!(has_circle, "src/{folder} has no circle any more: take it off the list");
    }
}

#[test]
fn groups_of_imports_are_taken_apart() {
    let paths = |text: &str| use_tree(text).iter().map(|path| path.join("::")).collect::<Vec<_>>();
    assert_eq!(paths("super::a::{b, c::{d, e}}"), ["super::a::b", "super::a::c::d", "super::a::c::e"]);
    assert_eq!(paths("crate::x::{self as y}"), ["crate::x::self"]);
    assert_eq!(paths("super::{a::{b}, c}"), ["super::a::b", "super::c"]);
}
