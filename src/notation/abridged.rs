//! Long lists as people say them.

/// The first of some items, and how many more there are: `a, b and 3 more`.
pub fn abridged(items: impl ExactSizeIterator<Item = impl AsRef<str>>, show: usize) -> String {
    let more = items.len().saturating_sub(show);
    let mut text = String::new();
    for item in items.take(show) {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(item.as_ref());
    }
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_counted() {
        let of = |items: &[&str]| abridged(items.iter(), 2);
        assert_eq!(of(&[]), "");
        assert_eq!(of(&["a", "b"]), "a, b");
        assert_eq!(of(&["a", "b", "c"]), "a, b and 1 more");
    }
}
