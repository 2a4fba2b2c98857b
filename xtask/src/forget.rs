//! Takes away what is known of a minor release, so that somebody can rehearse how it is put back: in a copy of the
//! repository, with docs/knowledge.md in hand.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Trouble, read, root, rules};

/// The clause of a requirement, such as `scikit-learn>=1.6,<1.9`, that nobody can know before the release is there.
#[derive(Debug, PartialEq)]
enum Left {
    /// What is left of a requirement: itself where it says nothing of the release.
    Requirement(String),
    /// It speaks of that release and later ones only.
    Nothing,
}

/// Rewrites the files of `knowledge`.
///
/// # Errors
/// Where the working tree has changes, which could not be told from what is taken away.
pub fn forget(minor: &str) -> Result<(), Trouble> {
    if !is_minor(minor) {
        return Err(format!("`{minor}` is no minor release: write, for example, 1.9"));
    }
    let changed = git(&["status", "--porcelain", "knowledge"])?;
    if !changed.is_empty() {
        return Err(format!("knowledge has changes that are in no commit:\n{changed}"));
    }
    let mut said = Vec::new();
    for path in files(&rules())? {
        let before = text(&path)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        match without(&before, minor) {
            None => {
                std::fs::remove_file(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                said.push(format!("{name}: all of it"));
            }
            Some(after) if after != before => {
                put(&path, &after)?;
                said.push(format!("{name}: what speaks of {minor}"));
            }
            Some(_) => {}
        }
    }
    let knowledge = root().join("knowledge");
    let change = |name: &str, by: &dyn Fn(&str) -> Result<String, Trouble>| {
        let path = knowledge.join(name);
        put(&path, &by(&text(&path)?)?)
    };
    change("companions.toml", &|text| Ok(without_row(text, minor)))?;
    change("days.toml", &|text| Ok(without_days(text, minor)))?;
    change("names.txt", &|text| without_columns(text, minor))?;
    for (name, key) in [("evidence.json", "matrices"), ("facts.json", "runs")] {
        let mut measured = read(&format!("knowledge/{name}"))?;
        let gone = without_measured(&mut measured, key, minor);
        said.push(format!("{name}: {}", gone.join(", ")));
        put(&knowledge.join(name), &format!("{measured}\n"))?;
    }
    println!("taken away of scikit-learn {minor}:");
    said.iter().for_each(|line| println!("  {line}"));
    println!(
        "and its rows in companions.toml, days.toml and names.txt; `git diff knowledge` shows it, `git restore knowledge` undoes it"
    );
    Ok(())
}

/// The cases of a rule of which something is left; `None` where none has anything.
fn without(rule: &str, minor: &str) -> Option<String> {
    let mut parts = rule.split("[[when]]\n");
    let head = parts.next().unwrap_or_default().to_owned();
    let cases: Vec<String> = parts.filter_map(|case| without_case(case, minor)).collect();
    (!cases.is_empty()).then(|| {
        let cases: Vec<String> = cases.iter().map(|case| format!("[[when]]\n{case}")).collect();
        let mut text = format!("{head}{}", cases.concat()).trim_end().to_owned();
        text.push('\n');
        text
    })
}

fn without_case(case: &str, minor: &str) -> Option<String> {
    let line = |line: &str| -> Option<String> {
        let (key, list) = line.split_once(" = ")?;
        if !matches!(key, "producer" | "consumer") {
            return Some(line.to_owned());
        }
        let listed: Vec<String> = serde_json::from_str(list).ok()?;
        let mut left = Vec::new();
        for requirement in &listed {
            match of_requirement(requirement, minor) {
                Left::Requirement(text) => left.push(Value::from(text)),
                Left::Nothing => return None,
            }
        }
        let left: Vec<String> = left.iter().map(Value::to_string).collect();
        Some(format!("{key} = [{}]", left.join(", ")))
    };
    let mut lines = Vec::new();
    for one in case.lines() {
        match one.contains(" = ") {
            true => lines.push(line(one)?),
            false => lines.push(one.to_owned()),
        }
    }
    Some(format!("{}\n", lines.join("\n")))
}

fn of_requirement(requirement: &str, minor: &str) -> Left {
    let Some(clauses) = requirement.strip_prefix("scikit-learn") else {
        return Left::Requirement(requirement.to_owned());
    };
    let names = |clause: &str, sign: &str| {
        clause.strip_prefix(sign).is_some_and(|version| version == minor || is_of(version, minor))
    };
    let clauses: Vec<&str> = clauses.split(',').collect();
    if clauses.iter().any(|clause| names(clause, ">=") || names(clause, "==")) {
        return Left::Nothing;
    }
    let left: Vec<&str> = clauses.into_iter().filter(|clause| !names(clause, "<")).collect();
    Left::Requirement(format!("scikit-learn{}", left.join(",")))
}

/// Whether a release is one of a minor release.
fn is_of(version: &str, minor: &str) -> bool {
    version.strip_prefix(minor).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn without_row(companions: &str, minor: &str) -> String {
    let named = format!("scikit-learn = \"{minor}\"\n");
    companions.split_inclusive("\n\n").filter(|part| !part.contains(&named)).collect()
}

fn without_days(days: &str, minor: &str) -> String {
    let begins = format!("\"{minor}\" = ");
    days.split_inclusive('\n').filter(|line| !line.starts_with(&begins)).collect()
}

/// The releases are the words of the first line; the others name them by their places, of which the newest are the last.
fn without_columns(names: &str, minor: &str) -> Result<String, Trouble> {
    let (releases, lines) = names.split_once('\n').ok_or("names.txt is empty")?;
    let kept: Vec<&str> = releases.split(' ').filter(|release| !is_of(release, minor)).collect();
    if releases.split(' ').take(kept.len()).ne(kept.iter().copied()) {
        return Err(format!(
            "{minor} is not the newest release that names.txt knows: it cannot be taken away alone"
        ));
    }
    let mut text = format!("{}\n", kept.join(" "));
    for line in lines.lines() {
        let (name, having) = line.split_once(' ').ok_or_else(|| format!("names.txt: `{line}` is no row"))?;
        let having: Vec<String> = having.split(',').filter_map(|range| until(range, kept.len())).collect();
        if !having.is_empty() {
            text.push_str(&format!("{name} {}\n", having.join(",")));
        }
    }
    Ok(text)
}

/// What is left of `3-37` or `4` below a number.
fn until(range: &str, end: usize) -> Option<String> {
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
    let last = last.min(end.checked_sub(1)?);
    match first.cmp(&last) {
        std::cmp::Ordering::Greater => None,
        std::cmp::Ordering::Equal => Some(first.to_string()),
        std::cmp::Ordering::Less => Some(format!("{first}-{last}")),
    }
}

/// Takes out the runs that had such an environment, and what they have shown; their names.
fn without_measured(measured: &mut Value, key: &str, minor: &str) -> Vec<String> {
    let release = |it: &Value| {
        let own = it["release"].as_str().or(it["packages"]["scikit-learn"].as_str());
        own.unwrap_or_default().to_owned()
    };
    let has = |run: &Value| {
        run["environments"].as_array().into_iter().flatten().any(|it| is_of(&release(it), minor))
    };
    let Some(runs) = measured[key].as_object_mut() else { return Vec::new() };
    let gone: Vec<String> = runs.iter().filter(|(_, run)| has(run)).map(|(name, _)| name.clone()).collect();
    runs.retain(|name, _| !gone.contains(name));
    if let Some(shown) = measured["rules"].as_object_mut() {
        for rule in shown.values_mut() {
            if let Some(cells) = rule["cells"].as_object_mut() {
                cells.retain(|matrix, _| !gone.contains(matrix));
            }
        }
        shown.retain(|_, rule| rule["cells"].as_object().is_some_and(|cells| !cells.is_empty()));
    }
    gone
}

fn is_minor(text: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('.').is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Trouble> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let entries: Result<Vec<_>, _> = std::fs::read_dir(folder).map_err(failed)?.collect();
    let mut files: Vec<PathBuf> = entries.map_err(failed)?.into_iter().map(|it| it.path()).collect();
    files.sort();
    Ok(files)
}

fn text(path: &Path) -> Result<String, Trouble> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn put(path: &Path, text: &str) -> Result<(), Trouble> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

fn git(words: &[&str]) -> Result<String, Trouble> {
    let ended = std::process::Command::new("git").current_dir(root()).args(words).output();
    let ended = ended.map_err(|error| format!("git: {error}"))?;
    Ok(String::from_utf8_lossy(&ended.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_of_the_release_goes_and_one_that_ends_there_goes_on() {
        let left = |text: &str| of_requirement(text, "1.9");
        assert_eq!(left("scikit-learn>=1.9"), Left::Nothing);
        assert_eq!(left("scikit-learn>=1.9.1"), Left::Nothing);
        assert_eq!(left("scikit-learn>=1.6,<1.9"), Left::Requirement("scikit-learn>=1.6".to_owned()));
        assert_eq!(left("scikit-learn<1.9"), Left::Requirement("scikit-learn".to_owned()));
        assert_eq!(left("scikit-learn<1.90"), Left::Requirement("scikit-learn<1.90".to_owned()));
        assert_eq!(left("scipy>=1.9"), Left::Requirement("scipy>=1.9".to_owned()));
        let rule = "title = \"t\"\n\n[[when]]\nproducer = [\"scikit-learn<1.9\"]\nconsumer = [\"scikit-learn>=1.9\"]\n\n\
                    [[when]]\nclasses = [\"A\"]\nconsumer = [\"scikit-learn>=1.6,<1.9\"]\n";
        let kept = "title = \"t\"\n\n[[when]]\nclasses = [\"A\"]\nconsumer = [\"scikit-learn>=1.6\"]\n";
        assert_eq!(without(rule, "1.9").as_deref(), Some(kept));
        assert_eq!(without(&rule.replace(">=1.6,<1.9", ">=1.9"), "1.9"), None);
    }

    #[test]
    fn rows_columns_and_runs_of_the_release_go() {
        let companions =
            "[[minor]]\nscikit-learn = \"1.8\"\nx = 1\n\n[[minor]]\nscikit-learn = \"1.9\"\nx = 2\n\n# And\n";
        assert_eq!(without_row(companions, "1.9"), "[[minor]]\nscikit-learn = \"1.8\"\nx = 1\n\n# And\n");
        assert_eq!(without_days("\"1.8\" = \"1.9\"\n\"1.9\" = \"2\"\n", "1.9"), "\"1.8\" = \"1.9\"\n");
        let names = "1.7.0 1.8.0 1.9.0 1.9.1\na:B 0-3\na:C 0,2-3\na:D 2-3\na:E 1-2\n";
        assert_eq!(without_columns(names, "1.9").unwrap(), "1.7.0 1.8.0\na:B 0-1\na:C 0\na:E 1\n");
        assert!(without_columns(names, "1.8").is_err());
        let mut evidence = serde_json::json!({
            "matrices": {"zoo": {"environments": [{"packages": {"scikit-learn": "1.9.1"}}]}, "old": {"environments": []}},
            "rules": {"a": {"cells": {"zoo": 1}}, "b": {"cells": {"zoo": 1, "old": 2}}},
        });
        assert_eq!(without_measured(&mut evidence, "matrices", "1.9"), ["zoo"]);
        assert_eq!(evidence["rules"], serde_json::json!({"b": {"cells": {"old": 2}}}));
    }
}
