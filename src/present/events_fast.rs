//! A short cut for the lines that make up nearly all of an event log.
//!
//! Most of what such a line says was said before: which artifact, in which environment, what came out and how that
//! compares. So a line is taken apart into the texts of its fields, and what a text means is looked up where it came
//! before. It is read by serde the first time, so that what is understood here is what the general way understands.
//! Whatever is not as expected is left to that, which also words the error.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use memchr::memchr2;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::vocab::{
    ArtifactId, ByOutput, EnvName, ErrorFact, Event, Observation, Outcome, OutputComparison, OutputRef,
    Phase, WarningFact,
};

/// Texts of one kind that are remembered, at most.
const MOST: usize = 8192;

/// What texts mean that came before. What is found in it is shared and not made again.
#[derive(Debug, Default)]
pub(super) struct Known {
    artifacts: Meanings<ArtifactId>,
    environments: Meanings<EnvName>,
    outcomes: Meanings<Ended>,
    warnings: Meanings<Arc<[WarningFact]>>,
    comparisons: Meanings<ByOutput<OutputComparison>>,
}

#[derive(Debug)]
struct Meanings<T>(HashMap<Box<[u8]>, T>);

impl<T> Default for Meanings<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Clone + DeserializeOwned> Meanings<T> {
    fn of(&mut self, text: &[u8]) -> Option<T> {
        if let Some(known) = self.0.get(text) {
            return Some(known.clone());
        }
        let meant: T = plain(text)?;
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert(text.into(), meant.clone());
        Some(meant)
    }
}

fn plain<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Option<T> {
    serde_json::from_slice(text).ok()
}

impl Known {
    /// The event on a line, if it is one of the frequent ones in the form in which they are written.
    pub(super) fn event(&mut self, line: &[u8]) -> Option<Event> {
        let line = line.trim_ascii_end();
        let rest = line.strip_prefix(b"{\"event\":\"")?;
        if rest.starts_with(b"cell-observed\"") {
            let [artifact, consumer, key, observation, reused] =
                fields(line, ["artifact", "consumer", "key", "observation", "reused"])?;
            Some(Event::CellObserved {
                artifact: self.artifacts.of(artifact)?,
                consumer: self.environments.of(consumer)?,
                key: plain(key)?,
                observation: self.observation(observation)?,
                reused: plain(reused)?,
            })
        } else if rest.starts_with(b"cell-compared\"") {
            let [artifact, consumer, outputs] = fields(line, ["artifact", "consumer", "outputs"])?;
            Some(Event::CellCompared {
                artifact: self.artifacts.of(artifact)?,
                consumer: self.environments.of(consumer)?,
                outputs: self.comparisons.of(outputs)?,
            })
        } else if rest.starts_with(b"reference-taken\"") {
            let [artifact, key, observation, reused] =
                fields(line, ["artifact", "key", "observation", "reused"])?;
            Some(Event::ReferenceTaken {
                artifact: self.artifacts.of(artifact)?,
                key: plain(key)?,
                observation: self.observation(observation)?,
                reused: plain(reused)?,
            })
        } else {
            None
        }
    }

    fn observation(&mut self, text: &[u8]) -> Option<Observation> {
        let mut outcome = None;
        // A field that is added there does not compile until it is read here.
        let mut seen = Observation {
            outcome: Outcome::Predicted { outputs: ByOutput::new() },
            warnings: Arc::default(),
            load_seconds: None,
            predict_seconds: None,
            peak_rss_bytes: None,
            printed: None,
            alone: false,
            tried: Vec::new(),
            form: None,
            made_up: None,
        };
        let mut place = 0;
        each_field(text, |name, value| {
            // In the order in which they are written, so that none can come twice.
            let at = FIELDS.iter().position(|field| field.as_bytes() == name)?;
            if at < place {
                return None;
            }
            place = at + 1;
            match FIELDS[at] {
                "outcome" => outcome = Some(self.outcomes.of(value)?.0),
                "warnings" => seen.warnings = self.warnings.of(value)?,
                "load_seconds" => seen.load_seconds = plain(value)?,
                "predict_seconds" => seen.predict_seconds = plain(value)?,
                "peak_rss_bytes" => seen.peak_rss_bytes = plain(value)?,
                "printed" => seen.printed = plain(value)?,
                "alone" => seen.alone = plain(value)?,
                "tried" => seen.tried = plain(value)?,
                "form" => seen.form = plain(value)?,
                _ => seen.made_up = plain(value)?,
            }
            Some(())
        })?;
        Some(Observation { outcome: outcome?, ..seen })
    }
}

/// The fields of an [`Observation`], in the order in which they are written.
const FIELDS: [&str; 10] = [
    "outcome",
    "warnings",
    "load_seconds",
    "predict_seconds",
    "peak_rss_bytes",
    "printed",
    "alone",
    "tried",
    "form",
    "made_up",
];

/// The texts of the fields after the tag of an event, if it has these and no others, in this order.
fn fields<'a, const N: usize>(object: &'a [u8], names: [&str; N]) -> Option<[&'a [u8]; N]> {
    let mut texts = [&object[..0]; N];
    let mut at = 0;
    each_field(object, |name, value| {
        if at > 0 {
            let is_next = names.get(at - 1).is_some_and(|next| next.as_bytes() == name);
            *texts.get_mut(at - 1).filter(|_| is_next)? = value;
        }
        at += 1;
        Some(())
    })?;
    (at == N + 1).then_some(texts)
}

/// Gives the name and the text of each field of an object that is written without blanks. Ends early where it is none, or
/// where nothing is given back.
fn each_field<'a>(object: &'a [u8], mut each: impl FnMut(&'a [u8], &'a [u8]) -> Option<()>) -> Option<()> {
    let mut rest = object.strip_prefix(b"{")?;
    loop {
        let name = rest.get(..string_end(rest)?)?;
        rest = rest[name.len()..].strip_prefix(b":")?;
        let value = rest.get(..value_end(rest)?)?;
        each(&name[1..name.len() - 1], value)?;
        match rest.get(value.len()..)? {
            b"}" => return Some(()),
            more => rest = more.strip_prefix(b",")?,
        }
    }
}

/// Where the string ends with which a text begins.
fn string_end(text: &[u8]) -> Option<usize> {
    if text.first() != Some(&b'"') {
        return None;
    }
    let mut at = 1;
    loop {
        at += memchr2(b'"', b'\\', text.get(at..)?)?;
        match text[at] {
            b'"' => return Some(at + 1),
            _ => at += 2,
        }
    }
}

/// Where the value ends with which a text begins, if it is one.
fn value_end(text: &[u8]) -> Option<usize> {
    match text.first()? {
        b'"' => string_end(text),
        b'{' | b'[' => {
            let (mut depth, mut at) = (0usize, 0);
            loop {
                match text.get(at)? {
                    b'"' => at += string_end(&text[at..])? - 1,
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
        }
        _ => memchr2(b',', b'}', text).filter(|length| *length > 0),
    }
}

/// [`Outcome`] with its tag first, so that the frequent ones need not be copied into a tree before they are read.
#[derive(Clone, Debug)]
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
                    outputs: ByOutput<OutputRef>,
                }
                #[derive(Deserialize)]
                struct Raised {
                    phase: Phase,
                    #[serde(default)]
                    method: Option<String>,
                    error: Arc<ErrorFact>,
                    #[serde(default)]
                    outputs: ByOutput<OutputRef>,
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_object_is_taken_apart_at_its_own_commas() {
        let text = br#"{"a":"x,\"}","b":{"c":["}",{}],"d":1},"e":-1.5e3}"#;
        let mut found = Vec::new();
        each_field(text, |name, value| {
            found.push((String::from_utf8_lossy(name), String::from_utf8_lossy(value)));
            Some(())
        })
        .unwrap();
        let wanted = [("a", r#""x,\"}""#), ("b", r#"{"c":["}",{}],"d":1}"#), ("e", "-1.5e3")];
        assert!(found.iter().map(|(a, b)| (&**a, &**b)).eq(wanted), "{found:?}");
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_looked_at(bytes in prop::collection::vec(prop::sample::select(&b"{}[]\",:\\a1"[..]), 0..40)) {
            let _ = each_field(&bytes, |_, value| { assert!(!value.is_empty()); Some(()) });
        }
    }
}
