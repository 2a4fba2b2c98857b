//! One Python file of plain standard code that mends the same model without shelflife.

use std::collections::BTreeSet;

use super::RescueView;

/// The Python texts that a script is made of: names and sources.
#[derive(Clone, Copy, Debug)]
pub struct ScriptParts<'a> {
    /// The modules of the engine.
    pub engine: &'a [(&'a str, &'a str)],
    /// The mends.
    pub mends: &'a [(&'a str, &'a str)],
    /// The modules that may stand beside a file.
    pub companions: &'a [(&'a str, &'a str)],
}

/// The script of one rescue: the engine, the mends that took part, and a few lines that run them.
pub fn script(view: &RescueView<'_>, parts: &ScriptParts<'_>) -> Vec<u8> {
    let record = view.record;
    let changing = record.changes.iter().map(|change| &change.mend);
    let used: BTreeSet<&str> = record.mends.iter().chain(changing).map(String::as_str).collect();
    let mends: Vec<&(&str, &str)> = parts.mends.iter().filter(|(name, _)| used.contains(name)).collect();
    let companions: Vec<&(&str, &str)> =
        parts.companions.iter().filter(|(name, _)| record.companions.iter().any(|it| it == name)).collect();
    let mut text = format!(
        "\"\"\"Mends {} for {}, as shelflife {} did.\n\n\
         Run it with the Python of that environment: python THIS-FILE ORIGINAL NEW\n\
         It reads a pickle, which runs what is in it: use it on files that you trust.\n\"\"\"\n",
        python_words(&record.original.path),
        python_words(&super::words::environment(&record.target)),
        record.shelflife
    );
    for (_, source) in ordered(parts.engine) {
        text.push_str(&without_own_imports(source));
        text.push('\n');
    }
    let versions = record.producer.as_ref().map(|producer| &producer.packages);
    text.push_str(&format!("\nMENDS = {}\n", pairs(&mends)));
    text.push_str(&format!("COMPANIONS = {}\n", pairs(&companions)));
    let versions: Vec<String> = versions
        .into_iter()
        .flatten()
        .map(|(name, version)| format!("    {}: {},\n", literal(name), literal(version)))
        .collect();
    text.push_str(&format!("VERSIONS = {{\n{}}}\n", versions.concat()));
    text.push_str(MAIN);
    text.into_bytes()
}

const MAIN: &str = r#"

def main(original, output):
    task = {
        "artifact": original,
        "output": output,
        "versions": VERSIONS,
        "mends": MENDS,
        "companions": COMPANIONS,
        "options": {},
    }
    facts = mend_file(task)
    if facts["outcome"] != "mended":
        raise SystemExit("it was not mended: %r" % (facts["refused"],))
    for change in facts["changes"]:
        print("%(path)s (%(class)s): %(what)s, %(count)d times" % change)


if __name__ == "__main__":
    import sys

    if len(sys.argv) != 3:
        raise SystemExit("usage: python %s ORIGINAL NEW" % sys.argv[0])
    main(*sys.argv[1:])
"#;

/// The modules of the engine in the order in which each finds what it needs.
fn ordered<'a>(engine: &'a [(&'a str, &'a str)]) -> Vec<&'a (&'a str, &'a str)> {
    let mut ordered: Vec<&(&str, &str)> = Vec::new();
    let mut rest: Vec<&(&str, &str)> = engine.iter().filter(|(name, _)| *name != "__init__").collect();
    while !rest.is_empty() {
        let is_there = |name: &str| ordered.iter().any(|(known, _)| *known == name);
        let (next, later): (Vec<_>, Vec<_>) =
            rest.iter().partition(|(_, source)| own_imports(source).all(is_there));
        if next.is_empty() {
            // The architecture test says that there is no circle.
            break;
        }
        ordered.extend(next);
        rest = later;
    }
    ordered
}

fn own_imports(source: &str) -> impl Iterator<Item = &str> {
    source.lines().filter_map(|line| line.strip_prefix("from .")?.split(' ').next())
}

/// A module without its imports of others of its package, and without its own words about them.
fn without_own_imports(source: &str) -> String {
    let mut text = String::new();
    let mut is_within = false;
    for line in source.lines() {
        if is_within {
            is_within = !line.contains(')');
            continue;
        }
        if line.starts_with("from .") {
            is_within = line.contains('(') && !line.contains(')');
            continue;
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

fn pairs(texts: &[&(&str, &str)]) -> String {
    let items: Vec<String> = texts
        .iter()
        .map(|(name, source)| format!("    ({}, {}),\n", literal(name), literal(source)))
        .collect();
    format!("[\n{}]", items.concat())
}

/// A text as a literal of Python: JSON's escapes are among Python's.
fn literal(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    json.chars().map(|it| if it.is_ascii() { it.to_string() } else { escape(it) }).collect()
}

fn escape(character: char) -> String {
    format!("\\U{:08x}", u32::from(character))
}

/// A text inside a doc string.
fn python_words(text: &str) -> String {
    super::super::words::line(text).chars().filter(|it| it.is_ascii() && !matches!(it, '"' | '\\')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_stand_behind_what_they_need_and_lose_their_imports() {
        let engine = [
            ("__init__", "from .b import f\n"),
            ("b", "from .a import (\n    g,\n    h,\n)\nimport io\n"),
            ("a", "G = 1\n"),
        ];
        let names: Vec<&str> = ordered(&engine).iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(without_own_imports(engine[1].1), "import io\n");
    }

    #[test]
    fn texts_are_literals_of_python() {
        assert_eq!(literal("a\"\\\n\u{e9}\u{1f600}"), r#""a\"\\\n\U000000e9\U0001f600""#);
    }
}
