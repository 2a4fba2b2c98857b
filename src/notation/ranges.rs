//! Numbers as ranges: `0-4,6`.

use std::collections::BTreeSet;

/// Numbers as ranges, in order; nothing where there are none.
pub fn ranges(numbers: &BTreeSet<usize>) -> String {
    let mut text: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match text.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => text.push((*number, *number)),
        }
    }
    let word = |(first, last): (usize, usize)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    text.into_iter().map(word).collect::<Vec<_>>().join(",")
}

/// The largest number that is read: what counts environments or releases stays far below it, and what is damaged must not
/// fill the memory.
const LARGEST: usize = 100_000;

/// The numbers of ranges; `None` where they are not written so.
pub fn numbers(text: &str) -> Option<BTreeSet<usize>> {
    let mut all = BTreeSet::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (first.parse::<usize>().ok()?, last.parse::<usize>().ok()?);
        if last > LARGEST {
            return None;
        }
        all.extend(first..=last);
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_again(all in proptest::collection::btree_set(0_usize..200, 1..40)) {
            prop_assert_eq!(numbers(&ranges(&all)), Some(all));
        }

        #[test]
        fn no_text_is_too_odd(text in "[0-9,-]{0,12}") {
            let _ = numbers(&text);
        }
    }
}
