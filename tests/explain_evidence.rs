//! Rules and what was measured are in step: no rule without a cell that shows it, no cell of a rule that is gone, and
//! every cell made by a matrix and a model of this repository.

use std::collections::BTreeSet;
use std::path::Path;

use shelflife::explain::{self, evidence, rules};
use shelflife::matrix;
use shelflife::plan::{Selection, plan};

fn compiled(name: &str) -> matrix::Matrix {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("matrices").join(format!("{name}.toml"));
    matrix::load(&path, &|path| fs_err::read(path)).expect("a matrix of the repository")
}

#[test]
fn every_rule_is_shown_by_a_cell_and_every_shown_rule_exists() {
    // What speaks of a whole kind is there for what nobody has tried.
    let tried = rules().iter().filter(|rule| rule.cases.iter().any(|case| !case.general));
    let known: BTreeSet<&str> = tried.map(|rule| rule.id).collect();
    let shown = evidence().rules.keys().map(String::as_str);
    let shown: BTreeSet<&str> =
        shown.filter(|id| known.contains(id) || explain::find(id).is_none()).collect();
    assert_eq!(
        known, shown,
        "measure anew: shelflife explain --measure RUN..., as ARCHITECTURE.md says under `A known cause`"
    );
    for (id, shown) in &evidence().rules {
        assert!(shown.cells.values().sum::<u64>() > 0, "{id} counts no cell");
        assert!(shown.cells.keys().all(|matrix| evidence().matrices.contains_key(matrix)), "{id}");
    }
}

#[test]
fn examples_are_cells_of_matrices_in_the_repository() {
    let mut plans = std::collections::BTreeMap::new();
    for name in evidence().matrices.keys() {
        let matrix = compiled(name);
        let planned = plan(&matrix, &Selection::default()).expect("it can be planned");
        plans.insert(name.as_str(), (matrix, planned));
    }
    for (id, shown) in &evidence().rules {
        let (name, cell) = shown.example.split_once(": ").expect("`matrix: cell`");
        let (artifact, consumer) = cell.split_once(" -> ").expect("`artifact -> consumer`");
        let (matrix, planned) = plans.get(name).unwrap_or_else(|| panic!("{id}: no matrix {name}"));
        let parts: Vec<&str> = artifact.split('/').collect();
        let [model, format, producer] = parts.as_slice() else { panic!("{id}: {artifact}") };
        let record = planned.record(matrix);
        let found = record.models.iter().find(|own| own.name.as_str() == *model);
        let found = found.unwrap_or_else(|| panic!("{id}: {name} has no model {model}"));
        assert!(found.formats.iter().any(|own| own.as_str() == *format), "{id}: {model} as {format}");
        for environment in [*producer, consumer] {
            let has = record.environments.iter().any(|own| own.name.as_str() == environment);
            assert!(has, "{id}: {name} has no environment {environment}");
        }
    }
}

/// What was measured lies within what the rule claims.
#[test]
fn measured_versions_are_those_that_the_rule_speaks_of() {
    for (id, shown) in &evidence().rules {
        let rule = explain::find(id).expect("held by another test");
        for (side, range) in [("written", &shown.written), ("read", &shown.read)] {
            for text in [&range.0, &range.1] {
                let Ok(version) = text.parse::<shelflife::notation::Version>() else {
                    // An environment that could not be made has no versions.
                    continue;
                };
                let fits = rule.cases.iter().any(|case| {
                    let wanted = if side == "written" { &case.producer } else { &case.consumer };
                    wanted
                        .iter()
                        .filter(|requirement| requirement.package == rule.package)
                        .all(|requirement| requirement.specifiers.matches(&version))
                });
                assert!(fits, "{id} was {side} with {} {version}, of which it does not speak", rule.package);
            }
        }
    }
}
