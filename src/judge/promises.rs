//! Documented rules about who reads whose files, beside what happened.

use std::collections::BTreeMap;

use crate::explain::{self, Promise, Side};
use crate::vocab::{CellRecord, EnvironmentRecord, PromisePair, PromiseRecord, Record};

/// What is documented about the pairs of a run, and how they came out. Where a version is not known, nothing is said.
pub(super) fn promises(record: &Record) -> Vec<PromiseRecord> {
    explain::promises().iter().filter_map(|promise| one(promise, record)).collect()
}

fn one(promise: &Promise, record: &Record) -> Option<PromiseRecord> {
    let mut cells: BTreeMap<(&str, &str), Vec<&CellRecord>> = BTreeMap::new();
    let extension: BTreeMap<_, _> =
        record.environments.iter().map(|it| (&it.name, it.setup.extension.as_deref())).collect();
    for cell in &record.cells {
        let extension = extension.get(&cell.producer).copied().flatten();
        if !promise.concerns(extension, cell.format.as_str()) {
            continue;
        }
        cells.entry((cell.producer.as_str(), cell.consumer.as_str())).or_default().push(cell);
    }
    let known = |environment: &&EnvironmentRecord| environment.lock.is_some();
    let side = |environment: &EnvironmentRecord| {
        Side::new(&environment.python, &environment.packages, Some(environment.bits)).versions
    };
    let mut pairs = Vec::new();
    for producer in record.environments.iter().filter(known) {
        for consumer in record.environments.iter().filter(known) {
            let Some(cells) = cells.get(&(producer.name.as_str(), consumer.name.as_str())) else { continue };
            let statement = promise.stated(&side(producer), &side(consumer));
            let Some(promised) = statement.promised else { continue };
            // What no such file was written of, or was not to be tried, neither keeps a promise nor breaks it.
            let count = |works: bool| {
                cells
                    .iter()
                    .filter(move |cell| if works { cell.verdict.works() } else { cell.verdict.fails() })
            };
            let mut differs: Vec<_> = count(!promised).map(|cell| cell.model.clone()).collect();
            differs.dedup();
            let (works, fails) = (count(true).count() as u64, count(false).count() as u64);
            pairs.push(PromisePair {
                producer: producer.name.clone(),
                consumer: consumer.name.clone(),
                promised,
                because: statement.because,
                works,
                fails,
                differs,
            });
        }
    }
    (!pairs.is_empty()).then(|| PromiseRecord {
        package: promise.package.clone(),
        title: promise.title.clone(),
        link: promise.link.clone(),
        rules: promise.rules.iter().map(explain::Relation::text).collect(),
        pairs,
    })
}
