//! Limits of time and memory: numbers with units.

/// Seconds in a text such as `90s`, `1.5m`, `2h`, `500ms`, or a plain number.
///
/// # Errors
/// What to write instead.
fn seconds(text: &str) -> Result<f64, &'static str> {
    const UNITS: &[(&str, f64)] =
        &[("", 1.0), ("ms", 1e-3), ("s", 1.0), ("sec", 1.0), ("m", 60.0), ("min", 60.0), ("h", 3600.0)];
    quantity(text, UNITS).ok_or("write a number of seconds, or such as \"90s\", \"2m\" or \"500ms\"")
}

/// Bytes in a text such as `2GiB`, `512MB`, or a plain number.
///
/// # Errors
/// What to write instead.
fn bytes(text: &str) -> Result<f64, &'static str> {
    const UNITS: &[(&str, f64)] = &[
        ("", 1.0),
        ("b", 1.0),
        ("kb", 1e3),
        ("mb", 1e6),
        ("gb", 1e9),
        ("tb", 1e12),
        ("kib", 1024.0),
        ("mib", 1_048_576.0),
        ("gib", 1_073_741_824.0),
        ("tib", 1_099_511_627_776.0),
    ];
    quantity(text, UNITS).ok_or("write a number of bytes, or such as \"512MiB\" or \"2GiB\"")
}

/// What is wrong with a limit, and what to write instead.
pub type LimitError = (&'static str, &'static str);

/// A limit of time in seconds, from a text such as `90s` or `2m`.
///
/// # Errors
/// When it is no time, or too little for anything to finish.
pub fn time_limit(text: &str) -> Result<f64, LimitError> {
    // A century of seconds: what lies above cannot be counted down.
    limit(seconds(text), 1e-3).map(|seconds| seconds.min(3.2e9))
}

/// A limit of memory in bytes, from a text such as `512MiB` or `2GiB`.
///
/// # Errors
/// When it is no size, or too little for anything to finish.
pub fn memory_limit(text: &str) -> Result<u64, LimitError> {
    // 2^63 bytes: what lies above cannot be set.
    limit(bytes(text), 1_048_576.0).map(|bytes| bytes.min(9.2e18) as u64)
}

fn limit(read: Result<f64, &'static str>, least: f64) -> Result<f64, LimitError> {
    match read {
        Err(help) => Err(("is not a limit", help)),
        Ok(value) if value < least => {
            Err(("is too little for anything to finish", "give more, or leave it out"))
        }
        Ok(value) => Ok(value),
    }
}

fn quantity(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim().to_ascii_lowercase();
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    let value = number.parse::<f64>().ok()? * factor;
    (value.is_finite() && value > 0.0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_understood() {
        assert_eq!(seconds("90s"), Ok(90.0));
        assert_eq!(seconds("2 m"), Ok(120.0));
        assert_eq!(seconds("1.5h"), Ok(5400.0));
        assert_eq!(seconds("12"), Ok(12.0));
        assert_eq!(bytes("2GiB"), Ok(2_147_483_648.0));
        assert_eq!(bytes("1 kb"), Ok(1000.0));
        for text in ["", "s", "-3s", "0", "2 years", "1e3s", "nan", "∞"] {
            assert!(seconds(text).is_err(), "{text}");
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}
