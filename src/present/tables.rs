//! Which tables stand beside the findings of a run.

use super::table::Table;
use super::{damage, probed, tradeoffs};
use crate::vocab::Record;

/// The tables of a run, in the order of reports.
pub(super) fn tables(record: &Record) -> Vec<Table> {
    [probed::table(record), tradeoffs::table(record), damage::table(record)].into_iter().flatten().collect()
}
