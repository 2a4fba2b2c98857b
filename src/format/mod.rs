//! Layer 1: the formats in which a fitted estimator is written.
//!
//! One row in one table on this side, one handler in the agent (`src/worker/agent/`) on the other. The runner
//! knows neither.

/// One format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Name in matrices and reports.
    pub name: &'static str,
    /// The agent's handler.
    pub handler: &'static str,
    /// The handler's options as JSON.
    pub options: &'static str,
    /// File name extension, without the dot.
    pub extension: &'static str,
    /// One line for people.
    pub about: &'static str,
}

/// Every format, in the order in which reports list them.
pub const TABLE: &[Format] = &[
    Format {
        name: "pickle",
        handler: "pickle",
        options: "{}",
        extension: "pkl",
        about: "pickle.dump with the producer's default protocol",
    },
    Format {
        name: "pickle-2",
        handler: "pickle",
        options: r#"{"protocol":2}"#,
        extension: "pkl",
        about: "pickle protocol 2 (Python 2.3 and later)",
    },
    Format {
        name: "pickle-3",
        handler: "pickle",
        options: r#"{"protocol":3}"#,
        extension: "pkl",
        about: "pickle protocol 3 (Python 3.0 and later)",
    },
    Format {
        name: "pickle-4",
        handler: "pickle",
        options: r#"{"protocol":4}"#,
        extension: "pkl",
        about: "pickle protocol 4 (Python 3.4 and later)",
    },
    Format {
        name: "pickle-5",
        handler: "pickle",
        options: r#"{"protocol":5}"#,
        extension: "pkl",
        about: "pickle protocol 5 (Python 3.8 and later)",
    },
    Format {
        name: "joblib",
        handler: "joblib",
        options: "{}",
        extension: "joblib",
        about: "joblib.dump without compression",
    },
    Format {
        name: "joblib-zlib",
        handler: "joblib",
        options: r#"{"compress":["zlib",3]}"#,
        extension: "joblib",
        about: "joblib.dump with compress=('zlib', 3)",
    },
];

/// The row of a format by name.
pub fn find(name: &str) -> Option<&'static Format> {
    TABLE.iter().find(|format| format.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_options_are_json_objects() {
        for (index, format) in TABLE.iter().enumerate() {
            assert!(TABLE[index + 1..].iter().all(|other| other.name != format.name), "{}", format.name);
            let options: serde_json::Value = serde_json::from_str(format.options).expect("options are JSON");
            assert!(options.is_object());
            assert_eq!(find(format.name), Some(format));
        }
    }
}
