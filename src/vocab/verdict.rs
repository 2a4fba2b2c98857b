//! The verdicts, stages and statuses: fixed words, the same everywhere.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every word, in the order in which reports list them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as it is written everywhere.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text).ok_or_else(|| {
                    let words: Vec<_> = Self::ALL.iter().map(|word| word.as_str()).collect();
                    format!("`{text}` is none of {}", words.join(", "))
                })
            }
        }
    };
}

words! {
    /// The opinion on one cell.
    Verdict {
        /// Every output is bit-equal to the reference.
        Identical = "identical",
        /// Every output is within tolerance.
        Roundoff = "roundoff",
        /// Loaded and predicted without an error, outside tolerance: the dangerous one.
        Drift = "drift",
        /// Loaded, then raised while predicting.
        PredictError = "predict-error",
        /// Raised while loading.
        LoadError = "load-error",
        /// The process died of a signal or ended itself.
        Crash = "crash",
        /// The time limit ended it.
        Timeout = "timeout",
        /// The memory limit ended it.
        OutOfMemory = "out-of-memory",
        /// The environment could not be made, or fails by itself: never blamed on the artifact.
        EnvError = "env-error",
        /// The run ended before it was tried, or before it could be judged: the same command goes on.
        NotTried = "not-tried",
        /// Does not apply there: ruled out by the matrix, or the format or the machine cannot, with the reason.
        Unsupported = "unsupported",
        /// The model's class does not exist there.
        Absent = "absent",
        /// Tried as far as it was asked, and nothing can be said of its outputs: there is nothing to compare them with, or
        /// the inputs are not what the model takes.
        Unverified = "unverified",
    }
}

impl Verdict {
    /// Whether the artifact works there: `identical` or `roundoff`.
    pub const fn works(self) -> bool {
        matches!(self, Self::Identical | Self::Roundoff)
    }

    /// Whether the artifact was tried and does not work there.
    pub const fn fails(self) -> bool {
        match self {
            Self::Drift
            | Self::PredictError
            | Self::LoadError
            | Self::Crash
            | Self::Timeout
            | Self::OutOfMemory => true,
            Self::Identical
            | Self::Roundoff
            | Self::EnvError
            | Self::NotTried
            | Self::Unsupported
            | Self::Absent
            | Self::Unverified => false,
        }
    }

    /// The verdicts of what was tried and does not work.
    pub const FAILURES: &'static [Self] =
        &[Self::Drift, Self::PredictError, Self::LoadError, Self::Crash, Self::Timeout, Self::OutOfMemory];
}

words! {
    /// How far a cell got; the order is that of a cell's life.
    Reached {
        /// It was not tried.
        Nothing = "nothing",
        /// Its file was handed to a reader.
        Started = "started",
        /// It was loaded.
        Loaded = "loaded",
        /// It gave every output that was asked for.
        Predicted = "predicted",
        /// Every output is within tolerance of the reference.
        Within = "within",
        /// Every output is bit-equal to the reference.
        Identical = "identical",
    }
}

words! {
    /// Where in a cell's life its verdict was decided.
    Stage {
        /// The environment.
        Env = "env",
        /// Loading, where the process died before it could say more.
        Load = "load",
        /// Loading: codec, protocol, truncation.
        Read = "read",
        /// Loading: a module or attribute is missing.
        Resolve = "resolve",
        /// Loading: `__setstate__`, dtype, buffer.
        State = "state",
        /// Predicting.
        Predict = "predict",
        /// Comparing the values.
        Value = "value",
    }
}

words! {
    /// A cell against an expectation or a baseline.
    Status {
        /// Works, as it should.
        Pass = "pass",
        /// Fails as somebody has accepted: declared, or in the baseline.
        Known = "known",
        /// Fails, and `--fail-on` leaves it out.
        Allowed = "allowed",
        /// Does worse than what is known of it, or fails otherwise than declared.
        Regression = "regression",
        /// Declared as failing, and works.
        Fixed = "fixed",
        /// Fails, and nobody has accepted that.
        New = "new",
        /// Failed, and worked when it was tried again at once.
        Flaky = "flaky",
        /// Nothing could be judged: an environment, the inputs or the file itself are at fault, or there is nothing to
        /// compare with.
        Unjudged = "unjudged",
        /// Does not apply there, and nothing was expected of it.
        Skipped = "skipped",
    }
}

impl Status {
    /// Whether it contradicts what was asked for, so that a run ends as judged and bad.
    pub const fn is_bad(self) -> bool {
        match self {
            Self::Regression | Self::New => true,
            Self::Pass
            | Self::Known
            | Self::Allowed
            | Self::Fixed
            | Self::Flaky
            | Self::Unjudged
            | Self::Skipped => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_those_that_fail() {
        let failing: Vec<_> = Verdict::ALL.iter().copied().filter(|verdict| verdict.fails()).collect();
        let mut listed = Verdict::FAILURES.to_vec();
        listed.sort_unstable();
        assert_eq!(failing, listed);
    }

    #[test]
    fn words_are_the_same_in_serde_and_display() {
        for verdict in Verdict::ALL {
            let json = serde_json::to_string(verdict).expect("a unit variant serialises");
            assert_eq!(json, format!("\"{verdict}\""));
            assert_eq!(verdict.as_str().parse(), Ok(*verdict));
        }
        for stage in Stage::ALL {
            assert_eq!(serde_json::to_string(stage).expect("a unit variant"), format!("\"{stage}\""));
        }
        for reached in Reached::ALL {
            assert_eq!(serde_json::to_string(reached).expect("a unit variant"), format!("\"{reached}\""));
        }
        for status in Status::ALL {
            assert_eq!(serde_json::to_string(status).expect("a unit variant"), format!("\"{status}\""));
        }
    }
}
