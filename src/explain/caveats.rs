//! Which rules speak of a class between two environments, whatever a model of it is like: what may happen to models with
//! other parameters than those that were tried.

use std::collections::{BTreeMap, BTreeSet};

use super::rule::{Case, FileCondition, Rule, fulfilled};
use super::rules;
use super::symptom::Side;
use crate::vocab::Holds;

/// The cases that are about a class: looked for once, and asked for each pair of environments.
#[derive(Clone, Debug, Default)]
pub struct Caveats(Vec<(&'static Rule, &'static Case)>);

impl Caveats {
    /// The cases that name a class among what must be in a file.
    ///
    /// `met` are rules that models of related classes have met, by class. One that is about what such a model holds and not about
    /// its class (the metric of a neighbours estimator, the indicator of an imputer) speaks of this class as well.
    pub fn of(class: &str, met: &BTreeSet<(&str, &str)>) -> Self {
        let mut met_by: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (other, id) in met.iter().filter(|(other, _)| *other != class) {
            met_by.entry(id).or_default().push(other);
        }
        let nothing = FileCondition::default();
        let is_of_what_they_hold = |rule: &Rule, case: &Case| {
            let others = || met_by.get(rule.id).into_iter().flatten();
            case.file != nothing && others().any(|other| !names(case, other))
        };
        let cases = rules().iter().flat_map(|rule| rule.cases.iter().map(move |case| (rule, case)));
        // A case that comes beside another one, or stands for a whole kind of change, says nothing of its own.
        let own = cases.filter(|(_, case)| !case.also && !case.general && case.verdict.fails());
        Self(own.filter(|(rule, case)| names(case, class) || is_of_what_they_hold(rule, case)).collect())
    }

    /// The rules among them whose versions fit both environments. What asks for a package that an environment does not have says
    /// nothing of it. `handler` is the handler of the format, `holds` what its files hold: what happens to objects happens to
    /// no translation of them.
    pub fn between(
        &self,
        (handler, holds): (&str, Holds),
        producer: &Side,
        consumer: &Side,
    ) -> impl Iterator<Item = &'static Rule> {
        let fits = move |case: &Case| {
            fulfilled(&case.consumer, &consumer.versions) == Some(true)
                && fulfilled(&case.producer, &producer.versions) == Some(true)
                && match case.formats.as_slice() {
                    [] => holds == Holds::Estimator,
                    formats => formats.iter().any(|format| format == handler),
                }
                && (!case.across_bits || producer.bits != consumer.bits)
                && (!case.across_byte_order || producer.byte_order != consumer.byte_order)
        };
        self.0.iter().filter(move |(_, case)| fits(case)).map(|(rule, _)| *rule)
    }
}

/// Whether the condition of a case on the file is about objects of a class.
fn names(case: &Case, class: &str) -> bool {
    let condition = &case.file;
    let of = |text: &String| text.rsplit_once('.').is_some_and(|(owner, _)| owner == class);
    let imports = |text: &String| text.rsplit_once(':').is_some_and(|(_, name)| name == class);
    !condition.unless.iter().any(|name| name == class)
        && (condition.classes.iter().any(|name| name == class)
            || condition.lacks.iter().chain(&condition.has).any(of)
            || condition.parameters.keys().any(of)
            || condition.globals.iter().any(imports))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(release: &str) -> Side {
        let packages = [("scikit-learn".to_owned(), release.to_owned())];
        Side::new("3.11", packages.iter().map(|(name, version)| (name, version)), Some(64))
    }

    fn ids(class: &str, from: &str, to: &str) -> Vec<&'static str> {
        ids_of(("pickle", Holds::Estimator), class, from, to)
    }

    fn ids_of(format: (&str, Holds), class: &str, from: &str, to: &str) -> Vec<&'static str> {
        let met = BTreeSet::from([
            ("SimpleImputer", "missing-indicator-precomputed"),
            ("SimpleImputer", "simple-imputer-attributes"),
        ]);
        Caveats::of(class, &met).between(format, &side(from), &side(to)).map(|rule| rule.id).collect()
    }

    #[test]
    fn a_rule_speaks_of_the_classes_that_it_names_between_its_releases() {
        assert!(ids("IterativeImputer", "0.22.2", "0.23.2").contains(&"n-features-in"));
        assert!(!ids("IterativeImputer", "0.24.2", "1.0.2").contains(&"n-features-in"));
        assert!(!ids("PCA", "0.22.2", "0.23.2").contains(&"n-features-in"));
        assert!(ids("MissingIndicator", "0.23.2", "0.24.2").contains(&"missing-indicator-precomputed"));
        assert!(ids("PCA", "1.2.2", "1.3.2").is_empty());
        assert!(ids_of(("onnx", Holds::Translation), "IterativeImputer", "0.22.2", "0.23.2").is_empty());
        // What a related class holds, and not what it is.
        assert!(ids("IterativeImputer", "0.23.2", "1.0.2").contains(&"missing-indicator-precomputed"));
        assert!(!ids("KNNImputer", "0.23.2", "1.1.3").contains(&"simple-imputer-attributes"));
    }
}
