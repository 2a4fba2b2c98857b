//! What is documented about who reads whose files, beside what happened.

use super::words::{join, plural};
use crate::vocab::{PromisePair, PromiseRecord, Record};

/// One row: a writer and a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromiseRow {
    /// `writer -> reader`, with this arrow.
    pub pair: String,
    /// `yes`, or `no` and why.
    pub stated: String,
    /// `14 work`, `6 work, 8 fail`.
    pub tried: String,
    /// Where the two differ, in words; empty where they agree.
    pub differs: String,
    /// Whether something fails that is documented as working.
    pub is_broken: bool,
    /// Whether everything works although nothing is promised.
    pub is_better: bool,
}

/// One promise with everything that is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromisePage {
    /// One line.
    pub title: String,
    /// Where it is documented.
    pub link: String,
    /// Everything in two sentences.
    pub sentence: String,
    /// The pairs.
    pub rows: Vec<PromiseRow>,
}

/// Every pair, those where documentation and reality differ first.
pub fn rows(promise: &PromiseRecord, arrow: &str) -> Vec<PromiseRow> {
    let mut pairs: Vec<&PromisePair> = promise.pairs.iter().collect();
    // Promises that are not kept before caution that was not needed.
    pairs.sort_by_key(|pair| (pair.differs.is_empty(), !pair.promised));
    pairs.into_iter().map(|pair| row(pair, arrow)).collect()
}

/// Every promise of a run.
pub fn all(record: &Record, arrow: &str) -> Vec<PromisePage> {
    let page = |promise: &PromiseRecord| PromisePage {
        title: promise.title.clone(),
        link: promise.link.clone(),
        sentence: sentence(promise),
        rows: rows(promise, arrow),
    };
    record.promises.iter().map(page).collect()
}

fn row(pair: &PromisePair, arrow: &str) -> PromiseRow {
    let stated = if pair.promised { "yes".to_owned() } else { format!("no: {}", pair.because.join(", ")) };
    let tried = match (pair.works, pair.fails) {
        (0, 0) => "nothing to try".to_owned(),
        (works, 0) => format!("{works} work"),
        (0, fails) => format!("{fails} fail"),
        (works, fails) => format!("{works} work, {fails} fail"),
    };
    let differs = match (pair.differs.is_empty(), pair.promised) {
        (true, _) => String::new(),
        (false, true) => format!("{} fail", join(&pair.differs)),
        (false, false) => format!("{} work", join(&pair.differs)),
    };
    PromiseRow {
        pair: format!("{} {arrow} {}", pair.producer, pair.consumer),
        stated,
        tried,
        differs,
        is_broken: pair.promised && pair.fails > 0,
        is_better: !pair.promised && pair.fails == 0 && pair.works > 0,
    }
}

/// Everything in two sentences.
pub fn sentence(promise: &PromiseRecord) -> String {
    let count = |keep: &dyn Fn(&&PromisePair) -> bool| promise.pairs.iter().filter(keep).count() as u64;
    let promised = count(&|pair| pair.promised);
    let kept = count(&|pair| pair.promised && pair.differs.is_empty());
    let others = promise.pairs.len() as u64 - promised;
    let careful = count(&|pair| !pair.promised && !pair.differs.is_empty());
    let better = count(&|pair| !pair.promised && pair.fails == 0 && pair.works > 0);
    format!(
        "Documented as working: {}, of which {kept} do for every model. Documented as not: {others}, of which {better} \
         work for every model all the same and {} for some.",
        plural(promised, "pair"),
        careful - better
    )
}
