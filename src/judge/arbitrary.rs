//! Causes and stages of a cell's life for property tests, each as they can come out of the judge.

use proptest::prelude::*;

use crate::vocab::{
    Cause, Disturbance, ExpectedPlace, Inapplicable, Limit, Misfit, Mistyped, NoReference, Outcome, Reached,
    Trouble,
};

pub(super) fn reached() -> impl Strategy<Value = Reached> {
    prop::sample::select(Reached::ALL)
}

pub(super) fn causes() -> impl Strategy<Value = Cause> {
    let says = || "words".to_owned();
    let outcome = Box::new(Outcome::Inapplicable { reason: says() });
    let trouble = |trouble| Cause::Environment { trouble };
    let inputs = |because, given| Cause::InputsDoNotFit {
        says: says(),
        because,
        given,
        inputs: says(),
        made_up: None,
    };
    prop::sample::select(vec![
        Cause::None,
        Cause::RuledOut { requirement: says() },
        Cause::Inapplicable { why: Inapplicable::NoOutput },
        Cause::Inapplicable {
            why: Inapplicable::NotOnThisMachine { environment: "old".into(), says: says() },
        },
        Cause::ClassAbsent { environment: "new".into(), says: says() },
        Cause::NoReference { why: NoReference::UnknownProducer },
        Cause::LoadOnly,
        inputs(Misfit::Compared, false),
        inputs(Misfit::AlsoWhereMade, true),
        inputs(Misfit::Synthetic, false),
        inputs(Misfit::NameNotSaved, true),
        inputs(Misfit::NotFitted, true),
        inputs(Misfit::Unserved, true),
        Cause::NotAModel { says: says() },
        Cause::ExpectedMistyped { output: says(), how: Mistyped::Missing, place: ExpectedPlace::default() },
        Cause::Random { outputs: vec![says()] },
        Cause::Differs,
        Cause::Refused { says: says(), foreign: None },
        Cause::Raised { misread: None },
        Cause::Signal { signal: 11, printed: None },
        Cause::Exited { status: 1, printed: None },
        Cause::Limit { limit: Limit::Time { seconds: 1.0 } },
        Cause::Limit { limit: Limit::Memory { bytes: None } },
        trouble(Trouble::NotReached),
        trouble(Trouble::Disturbed { environment: "old".into(), by: Disturbance::Killed { signal: 9 } }),
        trouble(Trouble::ProducerFails { environment: "old".into(), outcome }),
    ])
}
