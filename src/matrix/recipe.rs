//! What a recipe imports of the files beside it: part of the model, by content.

use std::collections::BTreeMap;
use std::path::Path;

use super::load::Read;
use super::types::Neighbour;

/// Files beside a recipe that are taken along, at most: whoever has more has a package, which is installed.
const MOST: usize = 256;

/// The modules beside a recipe that it imports, and those that they import in turn, by name. What is not there is somebody
/// else's: a package of the environment, or nothing.
pub(super) fn neighbours(folder: &Path, recipe: &str, read: Read<'_>) -> BTreeMap<String, Neighbour> {
    let mut found = BTreeMap::new();
    let mut wanted = imported(recipe, "");
    while let Some(name) = wanted.pop() {
        if found.len() >= MOST {
            break;
        }
        let parts: Vec<&str> = name.split('.').collect();
        for depth in 1..=parts.len() {
            let prefix = parts[..depth].join(".");
            if found.contains_key(&prefix) {
                continue;
            }
            let Some(module) = module(folder, &parts[..depth], read) else { break };
            let package = if module.is_package { prefix.as_str() } else { parent(&prefix) };
            wanted.extend(imported(&module.source, package));
            found.insert(prefix, module);
        }
    }
    found
}

/// A module as a file or as a folder with `__init__.py`.
fn module(folder: &Path, parts: &[&str], read: Read<'_>) -> Option<Neighbour> {
    let stem = parts.iter().fold(folder.to_owned(), |path, part| path.join(part));
    let text = |path: &Path| String::from_utf8(read(path).ok()?).ok();
    if let Some(source) = text(&stem.join("__init__.py")) {
        return Some(Neighbour { is_package: true, source });
    }
    Some(Neighbour { is_package: false, source: text(&stem.with_extension("py"))? })
}

fn parent(module: &str) -> &str {
    module.rsplit_once('.').map_or("", |(parent, _)| parent)
}

/// The names that lines of a Python text import, each with what may be a module in it. Lines in texts between quotes may
/// look like imports: a file that is taken along for nothing does no harm.
fn imported(text: &str, package: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let mut names = Vec::new();
    for line in joined.lines().flat_map(|line| line.split(';')).map(str::trim) {
        if let Some(rest) = line.strip_prefix("import ") {
            let modules = rest.split(',').filter_map(|part| part.split_whitespace().next());
            names.extend(modules.map(str::to_owned));
        } else if let Some((module, what)) =
            line.strip_prefix("from ").and_then(|rest| rest.split_once(" import "))
        {
            let Some(module) = absolute(module.trim(), package) else { continue };
            let what = what.split('#').next().unwrap_or_default();
            let parts = what.split(',').map(|part| part.trim_matches(['(', ')', ' ']));
            let parts = parts.filter_map(|part| part.split_whitespace().next());
            let below =
                |part: &str| if module.is_empty() { part.to_owned() } else { format!("{module}.{part}") };
            names.extend(parts.map(below));
            names.push(module);
        }
    }
    let is_name = |name: &String| {
        let is_part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
        name.split('.').all(is_part)
    };
    names.retain(is_name);
    names
}

/// `.b` in the package `a` is `a.b`.
fn absolute(module: &str, package: &str) -> Option<String> {
    let rest = module.trim_start_matches('.');
    let dots = module.len() - rest.len();
    if dots == 0 {
        return Some(rest.to_owned());
    }
    let mut base: Vec<&str> = package.split('.').filter(|part| !part.is_empty()).collect();
    base.truncate((base.len() + 1).checked_sub(dots)?);
    base.extend((!rest.is_empty()).then_some(rest));
    Some(base.join("."))
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn names(recipe: &str, files: &[(&str, &str)]) -> Vec<String> {
        let read = |path: &Path| {
            let file = files.iter().find(|(name, _)| Path::new("r").join(name) == path);
            file.map(|(_, text)| text.as_bytes().to_vec()).ok_or_else(|| io::ErrorKind::NotFound.into())
        };
        neighbours(Path::new("r"), recipe, &read).into_keys().collect()
    }

    #[test]
    fn what_a_recipe_imports_of_the_files_beside_it_is_found_with_what_they_import() {
        let files = [
            ("helpers.py", "import deeper\nfrom numpy import log1p\n"),
            ("deeper.py", ""),
            ("own/__init__.py", "from .scale import Scale\n"),
            ("own/scale.py", "from . import sizes\nfrom ..nothing import x\n"),
            ("own/sizes.py", ""),
            ("unused.py", ""),
        ];
        let recipe = "import numpy as np, helpers as h\nfrom own import (Scale,\n  Other)\nimport own.missing\n\ndef model(): pass\n";
        assert_eq!(names(recipe, &files), ["deeper", "helpers", "own", "own.scale", "own.sizes"]);
        assert!(names("import numpy\n", &files).is_empty());
        assert_eq!(names("def f():\n    import deeper; import unused\n", &files), ["deeper", "unused"]);
        // A circle ends.
        assert_eq!(names("import a", &[("a.py", "import b"), ("b.py", "import a")]), ["a", "b"]);
    }
}
