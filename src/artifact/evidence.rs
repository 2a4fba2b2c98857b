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
        evidence.pythons = of_code_objects(pickle.code_objects.keys().copied());
        evidence
    }

    /// Adds what a part of a folder proves; where two parts contradict each other, the first is believed.
    pub fn join(&mut self, part: Self) {
        for (package, specifier) in part.packages {
            self.packages.entry(package).or_insert(specifier);
        }
        self.pythons = self.pythons.take().or(part.pythons);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::{JoblibFacts, NumpyFacts};

    fn of(pickle: PickleFacts) -> Evidence {
        Evidence::of_pickle(&pickle)
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
