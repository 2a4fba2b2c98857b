//! A short cut for the lines that make up nearly all of an event log.
//!
//! An internally tagged enum is read by first copying the whole object into a tree, because the tag might
//! come last; serde's own writer puts it first. Reading the tag first and the rest straight into the variant
//! halves the time. Whatever is not as expected here is left to the general way, which also words the error.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::vocab::{
    ArtifactId, Attempt, Digest, EnvName, ErrorFact, Event, InputForm, MadeUp, Observation, Outcome,
    OutputComparison, OutputRef, Phase, WarningFact,
};

/// The event on a line, if it is one of the frequent ones in the form in which they are written.
pub(super) fn parse(line: &[u8]) -> Option<Event> {
    if line.starts_with(b"{\"event\":\"cell-observed\"") {
        serde_json::from_slice::<Tagged<Observed>>(line).ok().map(|event| event.0.into())
    } else if line.starts_with(b"{\"event\":\"cell-compared\"") {
        serde_json::from_slice::<Tagged<Compared>>(line).ok().map(|event| event.0.into())
    } else if line.starts_with(b"{\"event\":\"reference-taken\"") {
        serde_json::from_slice::<Tagged<Referred>>(line).ok().map(|event| event.0.into())
    } else {
        None
    }
}

/// An object whose first field is a tag that was looked at already.
struct Tagged<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Tagged<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rest<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Rest<T> {
            type Value = Tagged<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an event")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tagged<T>, A::Error> {
                map.next_entry::<&str, &str>()?;
                T::deserialize(MapAccessDeserializer::new(map)).map(Tagged)
            }
        }
        deserializer.deserialize_map(Rest(PhantomData))
    }
}

#[derive(Deserialize)]
struct Compared {
    artifact: ArtifactId,
    consumer: EnvName,
    outputs: BTreeMap<String, OutputComparison>,
}

impl From<Compared> for Event {
    fn from(Compared { artifact, consumer, outputs }: Compared) -> Self {
        Self::CellCompared { artifact, consumer, outputs }
    }
}

#[derive(Deserialize)]
struct Observed {
    artifact: ArtifactId,
    consumer: EnvName,
    key: Digest,
    observation: Seen,
    reused: bool,
}

/// [`Observation`], field by field: one that is added there does not compile until it is added here.
#[derive(Deserialize)]
struct Seen {
    outcome: Ended,
    #[serde(default)]
    warnings: Vec<WarningFact>,
    #[serde(default)]
    load_seconds: Option<f64>,
    #[serde(default)]
    predict_seconds: Option<f64>,
    #[serde(default)]
    peak_rss_bytes: Option<u64>,
    #[serde(default)]
    printed: Option<String>,
    #[serde(default)]
    alone: bool,
    #[serde(default)]
    tried: Vec<Attempt>,
    #[serde(default)]
    form: Option<InputForm>,
    #[serde(default)]
    made_up: Option<MadeUp>,
}

impl From<Seen> for Observation {
    fn from(seen: Seen) -> Self {
        Self {
            outcome: seen.outcome.0,
            warnings: seen.warnings,
            load_seconds: seen.load_seconds,
            predict_seconds: seen.predict_seconds,
            peak_rss_bytes: seen.peak_rss_bytes,
            printed: seen.printed,
            alone: seen.alone,
            tried: seen.tried,
            form: seen.form,
            made_up: seen.made_up,
        }
    }
}

impl From<Observed> for Event {
    fn from(Observed { artifact, consumer, key, observation, reused }: Observed) -> Self {
        Self::CellObserved { artifact, consumer, key, observation: observation.into(), reused }
    }
}

#[derive(Deserialize)]
struct Referred {
    artifact: ArtifactId,
    key: Digest,
    observation: Seen,
    reused: bool,
}

impl From<Referred> for Event {
    fn from(Referred { artifact, key, observation, reused }: Referred) -> Self {
        Self::ReferenceTaken { artifact, key, observation: observation.into(), reused }
    }
}

/// [`Outcome`] with its tag first.
struct Ended(Outcome);

impl<'de> Deserialize<'de> for Ended {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ByKind;
        impl<'de> Visitor<'de> for ByKind {
            type Value = Ended;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an outcome")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ended, A::Error> {
                #[derive(Deserialize)]
                struct Predicted {
                    outputs: BTreeMap<String, OutputRef>,
                }
                #[derive(Deserialize)]
                struct Raised {
                    phase: Phase,
                    #[serde(default)]
                    method: Option<String>,
                    error: ErrorFact,
                    #[serde(default)]
                    outputs: BTreeMap<String, OutputRef>,
                }
                match map.next_entry::<&str, &str>()? {
                    Some(("kind", "predicted")) => {
                        let Predicted { outputs } = Predicted::deserialize(MapAccessDeserializer::new(map))?;
                        Ok(Ended(Outcome::Predicted { outputs }))
                    }
                    Some(("kind", "raised")) => {
                        let Raised { phase, method, error, outputs } =
                            Raised::deserialize(MapAccessDeserializer::new(map))?;
                        Ok(Ended(Outcome::Raised { phase, method, error, outputs }))
                    }
                    // Other ends are rare; the general way reads them.
                    _ => Err(A::Error::custom("not a frequent outcome")),
                }
            }
        }
        deserializer.deserialize_map(ByKind)
    }
}
