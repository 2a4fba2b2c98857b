//! What the difference of two releases proposes: causes with their boundaries, none of which a cell has shown.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Trouble, root, shelflife, write_new};

/// The head of a file that nobody has measured.
const PROPOSED: &str = "# PROPOSED from the difference of two releases: nothing has shown it yet. Move it to knowledge/rules once\n\
     # a run has a cell that it explains, with the words of that cell.\n";

/// A cause that may be one.
#[derive(Debug, PartialEq)]
struct Proposal {
    id: String,
    text: String,
    /// What would make such files work, where the kind of change has a mend.
    mend: Option<String>,
}

/// Writes a file for each into `target/proposed`.
pub fn propose(old: &str, new: &str) -> Result<(), Trouble> {
    let (before, after) = (format!("scikit-learn=={old}"), format!("scikit-learn=={new}"));
    let ended = shelflife(&["release-diff", &before, &after, "--json"])
        .output()
        .map_err(|error| error.to_string())?;
    if !ended.status.success() {
        return Err(format!("release-diff failed:\n{}", String::from_utf8_lossy(&ended.stderr)));
    }
    let diff: Value = serde_json::from_slice(&ended.stdout).map_err(|error| error.to_string())?;
    let folder = root().join("target/proposed").join(new);
    let all = proposals(&diff, new);
    for proposal in &all {
        write_new(&folder.join(format!("{}.toml", proposal.id)), &proposal.text)?;
        if let Some(mend) = &proposal.mend {
            write_new(&folder.join(format!("{}.py", proposal.id)), mend)?;
        }
    }
    let mends = all.iter().filter(|it| it.mend.is_some()).count();
    println!("{} causes and {mends} mends proposed in {}", all.len(), folder.display());
    println!(
        "\nnext:\n  1. its row in knowledge/companions.toml, and an environment with it in matrices/zoo.toml and \
         matrices/estimators.toml\n  2. `python benches/releases.py PYTHON... > knowledge/names.txt` with the interpreters of all \
         releases\n  3. run both: what fails without a cause is listed; compare it with what is proposed\n  4. `shelflife explain \
         --measure zoo estimators > evidence.json`, `shelflife map --measure estimators > facts.json`\n\ndocs/knowledge.md has each \
         step with its reasons"
    );
    Ok(())
}

fn proposals(diff: &Value, new: &str) -> Vec<Proposal> {
    let mut found = Vec::new();
    for it in rows(diff, "structs").filter(|it| !names(it, "estimators").is_empty()) {
        let (name, module) = (text(it, "name"), text(it, "module"));
        let fields = [names(it, "added"), names(it, "removed")].concat().join(", ");
        let case = format!(
            "verdict = \"load-error\"\nstage = \"state\"\nmessages = [\"incompatible dtype\", \"Buffer dtype mismatch\"]\n{}classes = {}\n",
            boundaries(new),
            list(&names(it, "estimators"))
        );
        let title = format!("{name} of {module} has other fields since {new}: {fields}");
        found.push(proposal(&format!("layout {name}"), &title, &case, None));
    }
    // One cause for the names of a module: they went together.
    let mut gone: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut places: BTreeMap<String, Vec<(String, Option<String>)>> = BTreeMap::new();
    for it in rows(diff, "gone").filter(|it| !text(it, "module").starts_with("sklearn.externals")) {
        let module = text(it, "module");
        let name = if it["is_module"] == true { String::new() } else { text(it, "name") };
        places.entry(module.clone()).or_default().push((text(it, "name"), place_of(it)));
        gone.entry(module).or_default().push(name);
    }
    for (module, of) in gone {
        let lines = match of.iter().any(String::is_empty) {
            true => format!("modules = {}\n", list(std::slice::from_ref(&module))),
            false => format!(
                "names = {}\n",
                list(&of.iter().map(|name| format!("{module}:{name}")).collect::<Vec<_>>())
            ),
        };
        let title = format!("What files name in {module} is gone since {new}");
        let mend = mend_of_names(&title, &module, places.get(&module).map_or(&[], Vec::as_slice));
        let case = format!("{lines}{}", boundaries(new));
        found.push(proposal(&format!("gone {module}"), &title, &case, mend));
    }
    // Several methods may ask for the same.
    let mut asked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for it in rows(diff, "lacking").filter(|it| !names(it, "estimators").is_empty()) {
        asked.entry(text(it, "attribute")).or_default().extend(names(it, "estimators"));
    }
    for (attribute, classes) in asked {
        let named: Vec<String> = classes.iter().map(|class| format!("{class}.{attribute}")).collect();
        let classes: Vec<String> = classes.into_iter().collect();
        let title = format!("{} asks for {attribute} since {new}", classes.join(", "));
        let case = format!("attributes = {}\n{}", list(&named), boundaries(new));
        let mend = default_of(diff, &attribute, &classes).map(|default| {
            let line = format!("given(\"sklearn\", {}, {attribute}={default})", quoted(&classes.join(" ")));
            mend_text(&title, &line)
        });
        found.push(proposal(&format!("asks {attribute}"), &title, &case, mend));
    }
    for it in rows(diff, "unread").filter(|it| it["was_read_by_predictions"] == true) {
        let attribute = text(it, "attribute");
        let title = format!("{} ignores {attribute} since {new}", names(it, "estimators").join(", "));
        let case = format!(
            "verdict = \"drift\"\nstage = \"value\"\n{}classes = {}\n",
            boundaries(new),
            list(&names(it, "estimators"))
        );
        found.push(proposal(&format!("ignores {attribute}"), &title, &case, None));
    }
    found
}

/// Where a name is now, `module:name`, where one place only can be meant.
fn place_of(gone: &Value) -> Option<String> {
    let likely = gone["likely"].as_str().map(|name| format!("{}:{name}", text(gone, "module")));
    match names(gone, "elsewhere").as_slice() {
        [place] => Some(place.clone()),
        _ => likely,
    }
}

/// A mend for names of a module that are somewhere else.
fn mend_of_names(title: &str, module: &str, places: &[(String, Option<String>)]) -> Option<String> {
    let known: Vec<(&str, &str, &str)> = places
        .iter()
        .filter_map(|(name, place)| {
            place.as_ref()?.split_once(':').map(|(module, now)| (name.as_str(), module, now))
        })
        .collect();
    let (_, other, _) = *known.first()?;
    let is_move = known.len() == places.len()
        && known.iter().all(|(name, place, now)| name == now && *place == other && other != module);
    if is_move {
        return Some(mend_text(title, &format!("moved({}, {})", quoted(other), quoted(module))));
    }
    let rows: Vec<String> = known
        .iter()
        .map(|(name, place, now)| format!("    {}: ({}, {}),", quoted(name), quoted(place), quoted(now)))
        .collect();
    let lines = format!(
        "PLACES = {{\n{}\n}}\n\n\n@found_as\ndef place_of_today(module, name):\n    return [PLACES[name]] if module == {} and name in PLACES else []",
        rows.join("\n"),
        quoted(module)
    );
    Some(mend_text(title, &lines))
}

/// The default that says nothing new, where an attribute is a parameter that all of these classes were given.
fn default_of(diff: &Value, attribute: &str, classes: &[String]) -> Option<String> {
    let mut defaults = BTreeSet::new();
    let mut given = BTreeSet::new();
    for it in rows(diff, "parameters") {
        for added in it["added"].as_array().into_iter().flatten().filter(|it| it[0] == attribute) {
            defaults.insert(added[1].as_str()?.to_owned());
            given.extend(names(it, "estimators"));
        }
    }
    let is_literal = |text: &String| {
        matches!(text.as_str(), "None" | "True" | "False")
            || text.parse::<f64>().is_ok()
            || text.len() > 1
                && ['"', '\''].iter().any(|quote| text.starts_with(*quote) && text.ends_with(*quote))
    };
    let only = defaults.first().filter(|_| defaults.len() == 1)?.clone();
    (is_literal(&only) && classes.iter().all(|class| given.contains(class))).then_some(only)
}

fn mend_text(title: &str, lines: &str) -> String {
    format!(
        "\"\"\"PROPOSED from the difference of two releases: nothing has shown it yet. {title}. Say why the\nanswer is that of the \
         release that wrote the file, or drop it.\"\"\"\n\n{lines}\n"
    )
}

fn proposal(name: &str, title: &str, case: &str, mend: Option<String>) -> Proposal {
    let id = name.to_ascii_lowercase().replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
    let id = id.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    let text = format!(
        "{PROPOSED}title = {}\ncause = \"\"\nremedy = \"\"\npackage = \"scikit-learn\"\nlinks = []\n\n[[when]]\n{case}",
        quoted(title)
    );
    Proposal { id, text, mend }
}

fn boundaries(new: &str) -> String {
    format!("producer = [\"scikit-learn<{new}\"]\nconsumer = [\"scikit-learn>={new}\"]\n")
}

fn rows<'v>(diff: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    diff[key].as_array().into_iter().flatten()
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

fn names(value: &Value, key: &str) -> Vec<String> {
    let listed = value[key].as_array().into_iter().flatten();
    listed.filter_map(|it| it.as_str().map(str::to_owned)).collect()
}

fn list(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!("[{}]", words.join(", "))
}

/// A text of TOML, whose escapes are those of JSON.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_change_proposes_its_kind_of_cause() {
        let diff = serde_json::json!({
            "structs": [{"module": "sklearn.tree._tree", "name": "Node", "added": ["missing_go_to_left"], "removed": [], "estimators": ["RandomForestClassifier"]},
                        {"module": "sklearn.x", "name": "Inner", "added": ["a"], "removed": [], "estimators": []}],
            "gone": [{"module": "sklearn._loss.glm", "is_module": true, "name": "", "estimators": []},
                     {"module": "sklearn.externals.six", "is_module": false, "name": "moves", "estimators": []},
                     {"module": "sklearn.metrics._dist", "is_module": false, "name": "EuclideanDistance", "estimators": []}],
            "lacking": [{"attribute": "_x", "estimators": ["SVC", "NuSVC"]}, {"attribute": "_x", "estimators": ["SVC"]}],
            "unread": [{"attribute": "multi_class", "was_read_by_predictions": true, "estimators": ["LogisticRegression"]},
                       {"attribute": "copy", "was_read_by_predictions": false, "estimators": ["PCA"]}],
        });
        let all = proposals(&diff, "1.3.0");
        let ids: Vec<&str> = all.iter().map(|it| it.id.as_str()).collect();
        assert_eq!(
            ids,
            [
                "layout-node",
                "gone-sklearn-loss-glm",
                "gone-sklearn-metrics-dist",
                "asks-x",
                "ignores-multi-class"
            ]
        );
        assert!(
            all.iter().all(|it| it.text.starts_with("# PROPOSED") && it.text.contains("scikit-learn>=1.3.0"))
        );
        assert!(all[2].text.contains("names = [\"sklearn.metrics._dist:EuclideanDistance\"]"));
        assert!(all[3].text.contains("attributes = [\"NuSVC._x\", \"SVC._x\"]"));
        assert!(all.iter().all(|it| it.mend.is_none()), "nothing says what they became");
    }

    #[test]
    fn what_moved_and_what_got_a_default_has_a_mend() {
        let diff = serde_json::json!({
            "gone": [{"module": "sklearn.a", "is_module": true, "name": "A", "likely": null, "elsewhere": ["sklearn.b:A"]},
                     {"module": "sklearn.m", "is_module": false, "name": "Old", "likely": "Old64", "elsewhere": []},
                     {"module": "sklearn.m", "is_module": false, "name": "Lost", "likely": null, "elsewhere": []},
                     {"module": "sklearn.t", "is_module": false, "name": "Twice", "likely": null, "elsewhere": ["x:Twice", "y:Twice"]}],
            "lacking": [{"attribute": "fill", "estimators": ["B", "C"]}, {"attribute": "rate", "estimators": ["B", "D"]},
                        {"attribute": "eps", "estimators": ["B"]}],
            "parameters": [{"added": [["fill", "None"], ["rate", "0.5"], ["eps", "np.eps"]], "estimators": ["B", "C"]}],
        });
        let all = proposals(&diff, "1.3.0");
        let mend = |id: &str| all.iter().find(|it| it.id == id).unwrap().mend.clone();
        let text = |id: &str| mend(id).unwrap();
        assert!(text("gone-sklearn-a").ends_with("\n\nmoved(\"sklearn.b\", \"sklearn.a\")\n"));
        assert!(text("gone-sklearn-m").contains("    \"Old\": (\"sklearn.m\", \"Old64\"),\n}"));
        assert!(text("asks-fill").ends_with("given(\"sklearn\", \"B C\", fill=None)\n"));
        for id in ["gone-sklearn-t", "asks-rate", "asks-eps"] {
            assert_eq!(mend(id), None, "{id}");
        }
    }
}
