//! What cells tried that they may not, and what they were not kept from.

use std::collections::{BTreeMap, BTreeSet};

use super::words::{join, line, plural};
use crate::vocab::{Attempt, AttemptKind, Gap, Record};

/// The heading of what cells tried.
pub const SUSPICIOUS: &str = "Suspicious";
/// What to do about it.
pub const SUSPICIOUS_ADVICE: &str = "Models do nothing of the kind when they are loaded. All of it was refused. Look at \
     these files with `shelflife inspect` before anybody loads one elsewhere.";
/// Attempts of one model that are listed.
const MOST: usize = 6;

/// One model whose cells tried something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// The model.
    pub model: String,
    /// What they tried, in words.
    pub tried: String,
}

/// The models whose cells tried something that they may not, in the order of their names.
pub fn suspects(record: &Record) -> Vec<Suspect> {
    let mut by_model: BTreeMap<&str, BTreeSet<&Attempt>> = BTreeMap::new();
    for cell in &record.cells {
        if !cell.tried.is_empty() {
            by_model.entry(cell.model.as_str()).or_default().extend(&cell.tried);
        }
    }
    let suspect = |(model, attempts): (&str, BTreeSet<&Attempt>)| {
        let listed = attempts.iter().take(MOST).map(|attempt| attempt_text(attempt));
        let rest = attempts.len().saturating_sub(MOST);
        let more = (rest > 0).then(|| format!("{rest} more"));
        Suspect { model: line(model).into_owned(), tried: join(listed.chain(more)) }
    };
    by_model.into_iter().map(suspect).collect()
}

/// One attempt in words.
pub fn attempt_text(Attempt { kind, detail }: &Attempt) -> String {
    let detail = line(detail);
    match kind {
        AttemptKind::Network => "to open a socket".to_owned(),
        AttemptKind::Processes => format!("to reach into other processes ({detail})"),
        AttemptKind::Kernel => format!("to use a part of the kernel that no model needs ({detail})"),
        AttemptKind::Namespaces => format!("to change its view of this machine ({detail})"),
        AttemptKind::Keys => format!("to get at keys that the kernel keeps ({detail})"),
        AttemptKind::SharedMemory => format!("to make memory that outlives it ({detail})"),
        AttemptKind::Write => format!("to write {detail}"),
        AttemptKind::Forgery => "to forge results".to_owned(),
    }
}

/// What cells of this record were not kept from, with the environments; `None` where they were kept from everything.
pub fn gaps(record: &Record) -> Option<String> {
    let mut by_gap: BTreeMap<Gap, Vec<&str>> = BTreeMap::new();
    for environment in &record.environments {
        for gap in &environment.gaps {
            by_gap.entry(*gap).or_default().push(environment.name.as_str());
        }
    }
    if by_gap.is_empty() {
        return None;
    }
    let all = record.environments.len();
    let one = |(gap, names): (Gap, Vec<&str>)| match names.len() {
        count if count == all => gap.name().to_owned(),
        1..=3 => format!("{} (in {})", gap.name(), join(names.iter().map(|name| line(name)))),
        count => format!("{} (in {})", gap.name(), plural(count as u64, "environment")),
    };
    let listed: Vec<String> = by_gap.into_iter().map(one).collect();
    Some(format!(
        "Cells were not kept from: {}. `shelflife doctor` says why, and `--require-isolation` refuses to run so.",
        listed.join("; ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_read_as_what_somebody_tried() {
        let text = |kind, detail: &str| attempt_text(&Attempt { kind, detail: detail.to_owned() });
        assert_eq!(text(AttemptKind::Write, "/etc/passwd"), "to write /etc/passwd");
        assert_eq!(text(AttemptKind::Namespaces, "unshare"), "to change its view of this machine (unshare)");
    }
}
