//! What the bytes of a file prove of the environment that wrote it, beside the versions that they name: it goes before
//! what a table of companions would choose.

use std::collections::BTreeMap;

use super::interpreters::{Minors, of_code_objects};
use crate::vocab::{Inspection, PickleFacts};

/// What is proved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Evidence {
    /// Specifiers by package.
    pub packages: BTreeMap<&'static str, &'static str>,
    /// The interpreters that can have written it.
    pub pythons: Option<Minors>,
}

/// The package of numpy's own modules, by what its generation proves.
const NUMPY: [(&str, &str); 2] = [("numpy._core", ">=2"), ("numpy.core", "<2")];

/// The module of index classes for numbers, which only pandas 1 and earlier have.
const PANDAS_1: &str = "pandas.core.indexes.numeric";

impl Evidence {
    /// Of a file.
    pub fn of(inspection: &Inspection) -> Self {
        inspection.pickle.as_ref().map(Self::of_pickle).unwrap_or_default()
    }

    fn of_pickle(pickle: &PickleFacts) -> Self {
        let mut evidence = Self::default();
        // Arrays behind an alignment pad are what joblib 1.2 and later write; an older one reads none of them.
        if pickle.joblib.as_ref().is_some_and(|joblib| joblib.aligned > 0) {
            evidence.packages.insert("joblib", ">=1.2");
        }
        let mut generations = pickle.numpy.generations.iter();
        if let (Some(one), None) = (generations.next(), generations.next()) {
            let proved = NUMPY.iter().find(|(generation, _)| generation == one);
            evidence.packages.extend(proved.map(|(_, specifier)| ("numpy", *specifier)));
        }
        if let Some(proved) = numpy_by_generators(pickle) {
            let both = |known: &&'static str| (*known == "<2").then_some(proved.before_2);
            let known = evidence.packages.get("numpy");
            let specifier = known.map_or(Some(proved.alone), both);
            evidence.packages.extend(specifier.map(|specifier| ("numpy", specifier)));
        }
        // Indexes of classes that pandas 2 has no more: it reads none of them.
        if pickle.globals.iter().any(|global| global.module == PANDAS_1) {
            evidence.packages.insert("pandas", "<2");
        }
        evidence.pythons = of_code_objects(pickle.code_objects.keys().copied());
        evidence
    }

    /// Its specifiers by package.
    pub fn specifiers(&self) -> BTreeMap<String, String> {
        let text = |(package, specifier): (&&str, &&str)| ((*package).to_owned(), (*specifier).to_owned());
        self.packages.iter().map(text).collect()
    }

    /// Adds what a part of a folder proves; where two parts contradict each other, the first is believed.
    pub fn join(&mut self, part: Self) {
        for (package, specifier) in part.packages {
            self.packages.entry(package).or_insert(specifier);
        }
        self.pythons = self.pythons.take().or(part.pythons);
    }
}

/// What the way in which random generators are written proves, alone and beside numpy 1.
struct ByGenerators {
    alone: &'static str,
    before_2: &'static str,
}

/// numpy 1.17 moved what makes generators again, and 1.24 gives it one argument more: older ones cannot read it.
fn numpy_by_generators(pickle: &PickleFacts) -> Option<ByGenerators> {
    let names = |name: &str| {
        pickle.globals.iter().any(|global| global.module == "numpy.random._pickle" && global.name == name)
    };
    if names("__bit_generator_ctor") && (names("__randomstate_ctor") || names("__generator_ctor")) {
        return Some(ByGenerators { alone: ">=1.24", before_2: ">=1.24,<2" });
    }
    let is_moved = names("__randomstate_ctor") || names("__generator_ctor");
    is_moved.then_some(ByGenerators { alone: ">=1.17", before_2: ">=1.17,<2" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::{GlobalFact, JoblibFacts, NumpyFacts, Trust};

    fn of(pickle: PickleFacts) -> Evidence {
        Evidence::of_pickle(&pickle)
    }

    #[test]
    fn generators_of_random_numbers_prove_the_release_that_can_read_them() {
        let globals = |names: &[&str]| -> Vec<GlobalFact> {
            let fact = |name: &&str| GlobalFact {
                module: "numpy.random._pickle".to_owned(),
                name: (*name).to_owned(),
                count: 1,
                called: 1,
                trust: Trust::Known,
                offset: 0,
                arguments: Vec::new(),
            };
            names.iter().map(fact).collect()
        };
        let generation =
            |name: &str| NumpyFacts { generations: [name.to_owned()].into(), ..NumpyFacts::default() };
        let rows: [(&[&str], &str, &str); 4] = [
            (&["__randomstate_ctor"], "numpy.core", ">=1.17,<2"),
            (&["__randomstate_ctor", "__bit_generator_ctor"], "numpy.core", ">=1.24,<2"),
            (&["__generator_ctor", "__bit_generator_ctor"], "numpy._core", ">=2"),
            (&["__RandomState_ctor"], "numpy.core", "<2"),
        ];
        for (names, numpy, proved) in rows {
            let facts =
                PickleFacts { globals: globals(names), numpy: generation(numpy), ..PickleFacts::default() };
            assert_eq!(of(facts).packages.get("numpy"), Some(&proved), "{names:?}");
        }
        let alone = PickleFacts { globals: globals(&["__randomstate_ctor"]), ..PickleFacts::default() };
        assert_eq!(of(alone).packages.get("numpy"), Some(&">=1.17"));
    }

    #[test]
    fn a_pad_and_a_generation_are_evidence() {
        let generations = |names: &[&str]| NumpyFacts {
            generations: names.iter().map(|name| (*name).to_owned()).collect(),
            ..NumpyFacts::default()
        };
        let padded = JoblibFacts { aligned: 2, ..JoblibFacts::default() };
        let evidence = of(PickleFacts {
            joblib: Some(padded),
            numpy: generations(&["numpy._core"]),
            ..PickleFacts::default()
        });
        assert_eq!(evidence.packages, [("joblib", ">=1.2"), ("numpy", ">=2")].into());
        let older = of(PickleFacts { numpy: generations(&["numpy.core"]), ..PickleFacts::default() });
        assert_eq!(older.packages, [("numpy", "<2")].into());
        let both = generations(&["numpy.core", "numpy._core"]);
        assert_eq!(of(PickleFacts { numpy: both, ..PickleFacts::default() }), Evidence::default());
        let code = of(PickleFacts { code_objects: [(16, 1)].into(), ..PickleFacts::default() });
        assert_eq!(code.pythons, Some(8..=10));
    }
}
