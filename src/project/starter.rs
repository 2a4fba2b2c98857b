//! The first settings of a project, from what was found in its folder.

// Writing to a `String` cannot fail.
use std::fmt::Write as _;

/// What was found in the folder of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Materials {
    /// Models: files, and folders that hold some, each with the number of them.
    pub artifacts: Vec<(String, usize)>,
    /// Inputs that lie beside them.
    pub inputs: Option<String>,
    /// What stands for the environment of today: requirements, locks, a virtual environment.
    pub environments: Vec<String>,
    /// Such files that cannot be used, each with the reason.
    pub unusable: Vec<(String, String)>,
    /// What somebody has accepted.
    pub baseline: Option<String>,
}

/// A commented `shelflife.toml`.
pub fn starter(found: &Materials) -> String {
    let mut text = String::from(
        "# What `shelflife gate` is over. The options of the command line have the same names, and win.\n\
         # Paths are relative to this folder. docs/config.md has every key; `shelflife schema settings` is for editors.\n\n",
    );
    artifacts(&mut text, found);
    let inputs = "# What they predict on. Without it: the validation file beside each, else random numbers of the right width.";
    key(&mut text, inputs, "inputs", found.inputs.as_deref().ok_or("X.csv"));
    let mut today = String::from(
        "# The environment of today: a requirements file, a lock, an interpreter, the folder of a virtual environment,\n\
         # or versions such as \"scikit-learn==1.5.2 numpy==2.1.3 python==3.12\".",
    );
    for other in found.environments.iter().skip(1) {
        let _ = write!(today, "\n# Also found: {other}");
    }
    for (path, reason) in &found.unusable {
        let _ = write!(today, "\n# Not usable: {path}: {}", reason.replace(['\n', '\r'], " "));
    }
    key(&mut text, &today, "from", found.environments.first().map(String::as_str).ok_or("requirements.txt"));
    key(&mut text, "# The environment to move to.", "to", Ok("scikit-learn==latest"));
    let baseline = "# What is known to fail, or to work: the file of `shelflife baseline accept`.";
    key(&mut text, baseline, "baseline", found.baseline.as_deref().ok_or("shelflife-baseline.json"));
    text.push_str("# Verdicts that end the gate with 100, whatever is known.\n# fail-on = [\"roundoff\"]\n");
    text
}

fn artifacts(text: &mut String, found: &Materials) {
    text.push_str("# Files, folders, globs or registries; or one matrix (.toml).\n");
    if found.artifacts.is_empty() {
        text.push_str("# No saved model was found here.\n# artifacts = [\"models\"]\n\n");
        return;
    }
    text.push_str("artifacts = [\n");
    for (path, count) in &found.artifacts {
        let of = if *count > 1 { format!("  # {count} files") } else { String::new() };
        let _ = writeln!(text, "    {},{of}", quoted(path));
    }
    text.push_str("]\n\n");
}

/// A key with its comment; one that nothing was found for stands there as a comment, with an example.
fn key(text: &mut String, comment: &str, name: &str, value: Result<&str, &str>) {
    let (mark, value) = match value {
        Ok(found) => ("", found),
        Err(example) => ("# ", example),
    };
    let _ = writeln!(text, "{comment}\n{mark}{name} = {}\n", quoted(value));
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::settings::Settings;
    use super::*;

    #[test]
    fn what_is_written_first_says_what_was_found() {
        let found = Materials {
            artifacts: vec![("models".to_owned(), 3), ("odd \"name\".pkl".to_owned(), 1)],
            inputs: Some("models/X.csv".to_owned()),
            environments: vec!["requirements.txt".to_owned(), ".venv".to_owned()],
            unusable: vec![("uv.lock".to_owned(), "two\nlines".to_owned())],
            baseline: None,
        };
        let text = starter(&found);
        let settings =
            Settings::parse(Path::new("shelflife.toml"), text.clone().into_bytes()).unwrap().unwrap();
        assert_eq!(settings.artifacts, ["models", "odd \"name\".pkl"]);
        assert_eq!(settings.from.as_deref(), Some("requirements.txt"));
        assert_eq!(settings.to.as_deref(), Some("scikit-learn==latest"));
        assert_eq!(settings.inputs.as_deref(), Some("models/X.csv"));
        assert!(settings.baseline.is_none() && settings.fail_on.is_empty());
        assert!(text.contains("# Also found: .venv\n# Not usable: uv.lock: two lines\n"), "{text}");
    }

    #[test]
    fn every_comment_that_is_a_key_is_one() {
        let text = starter(&Materials::default());
        let uncommented: String = text
            .lines()
            .map(|line| line.strip_prefix("# ").filter(|rest| rest.contains(" = ")).unwrap_or(line))
            .map(|line| format!("{line}\n"))
            .collect();
        let settings =
            Settings::parse(Path::new("shelflife.toml"), uncommented.into_bytes()).unwrap().unwrap();
        assert_eq!(settings.artifacts, ["models"]);
        assert!(settings.baseline.is_some() && settings.inputs.is_some() && !settings.fail_on.is_empty());
    }
}
