//! What is worth knowing and no result, in words.

use crate::app::{Aside, Notice};

/// One line for people.
pub(super) fn words(notice: &Notice) -> String {
    match notice {
        Notice::LeftOut(left) => format!("left out: {} ({})", left.says, left.help),
        Notice::PackagesAdded { packages, environments } => {
            let said = packages.iter().map(|(package, version)| match version {
                Some(version) => format!("{package}=={version}"),
                None => package.clone(),
            });
            let said: Vec<String> = said.collect();
            let names: Vec<&str> = environments.iter().map(|name| name.as_str()).collect();
            format!(
                "reading these files takes {}, where it is not declared: added to {}",
                said.join(", "),
                names.join(", ")
            )
        }
        Notice::Documented { title, works, pairs } => format!(
            "{title}: {works} of {pairs} pairs are documented as working (`shelflife plan` lists them); trying all"
        ),
        Notice::SetAside { folder, why, kept } => {
            let others = kept.map_or_else(String::new, |kept| format!(" (the newest {kept} are kept)"));
            format!("the earlier run of this name is kept in {}: {}{others}", folder.display(), aside(why))
        }
        Notice::Retrying { cells } => {
            let verb = if *cells == 1 { "is" } else { "are" };
            format!("{cells} failed and {verb} tried again")
        }
        Notice::Tried { package, release, verdict } => format!("{package} {release}: {verdict}"),
        Notice::Prepared { name, python, scikit_learn, reused } => format!(
            "{name}: Python {python}, scikit-learn {}{}",
            scikit_learn.as_deref().unwrap_or("?"),
            if *reused { " (cached)" } else { "" }
        ),
        Notice::NotPrepared { name, failure } => format!("{name}: {failure}"),
    }
}

fn aside(why: &Aside) -> String {
    match why {
        Aside::Unreadable { line } => format!("line {line} of its record cannot be read"),
        Aside::Empty => "its record is empty".to_owned(),
        Aside::OtherPlan => "it tried something else".to_owned(),
        Aside::OtherVersion(version) => format!("it was made by shelflife {version}"),
        Aside::Fresh => "everything is executed again".to_owned(),
    }
}
