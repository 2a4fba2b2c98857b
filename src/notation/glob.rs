//! Globs over names: `*` stands for any text, `?` for one character, everything else for itself.

/// Whether `name` matches `pattern` as a whole.
pub fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    // Where to go on after a mismatch: behind the last star, one more character swallowed by it.
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p + 1, n));
                p += 1;
            }
            Some(&c) if c == '?' || c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match retry {
                Some((after_star, swallowed)) => {
                    retry = Some((after_star, swallowed + 1));
                    p = after_star;
                    n = swallowed + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

/// Names in order, so that a pattern is compared with those alone that begin as it does.
pub struct Names<'a>(Vec<(&'a str, usize)>);

impl<'a> Names<'a> {
    /// The names, each known by its position.
    pub fn new(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut sorted: Vec<_> = names.into_iter().enumerate().map(|(at, name)| (name, at)).collect();
        sorted.sort_unstable();
        Self(sorted)
    }

    /// The positions of the names that a pattern matches, in order.
    pub fn matching(&self, pattern: &str) -> Vec<usize> {
        let mut positions: Vec<usize> = self
            .candidates(pattern)
            .iter()
            .filter(|(name, _)| matches(pattern, name))
            .map(|it| it.1)
            .collect();
        positions.sort_unstable();
        positions
    }

    /// The names that a pattern has to be compared with.
    fn candidates(&self, pattern: &str) -> &[(&'a str, usize)] {
        let (beginning, is_whole) = match pattern.find(['*', '?']) {
            Some(end) => (&pattern[..end], false),
            None => (pattern, true),
        };
        let from = &self.0[self.0.partition_point(|(name, _)| *name < beginning)..];
        let covers = |name: &str| if is_whole { name == beginning } else { name.starts_with(beginning) };
        &from[..from.partition_point(|(name, _)| covers(name))]
    }
}

/// The name nearest to `word`, if one is near enough to be what was meant.
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let names: Vec<&str> = names.into_iter().collect();
    let folded = word.to_lowercase();
    if let Some(same) = names.iter().find(|name| name.to_lowercase() == folded) {
        return Some(same);
    }
    similar::get_close_matches(word, &names, 1, 0.6).first().copied()
}

/// The names that are like `word`, the most alike first, at most `most` of them.
pub fn near<'a>(word: &str, names: &[&'a str], most: usize) -> Vec<&'a str> {
    similar::get_close_matches(word, names, most, 0.6)
}

/// What to say about a word that is none of `names`: the near miss, or what there is.
pub fn suggestion<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let names: Vec<&str> = names.into_iter().collect();
    if let Some(near) = nearest(word, names.iter().copied()) {
        return format!("did you mean `{near}`?");
    }
    if names.is_empty() {
        return "there is none here to name".to_owned();
    }
    let listed: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let rest = names.len().saturating_sub(SHOWN);
    if let [only] = listed.as_slice() {
        format!("there is only {only}")
    } else if rest == 0 {
        format!("there are {}", listed.join(", "))
    } else {
        format!("there are {} and {rest} more", listed.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("gp-*", "gp-rbf", true),
            ("gp-*", "gp", false),
            ("*1.?.2", "sk1.2.2", true),
            ("*1.?.2", "sk1.22.2", false),
            ("sk1.5.2", "sk1.5.2", true),
            ("sk1.5.2", "sk1x5.2", false),
            ("a*b*c", "aXbYbZc", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn near_misses_are_suggested() {
        assert_eq!(suggestion("blob", ["blobs", "ring"]), "did you mean `blobs`?");
        assert_eq!(suggestion("zzz", ["blobs", "ring"]), "there are `blobs`, `ring`");
    }

    #[test]
    fn a_pattern_is_compared_with_names_that_begin_as_it_does() {
        let texts: Vec<String> = (0..20_000).map(|number| format!("model-{number}")).collect();
        let names = Names::new(texts.iter().map(String::as_str));
        let compared: usize = texts.iter().map(|text| names.candidates(text).len()).sum();
        assert_eq!(compared, texts.len());
        assert_eq!(names.matching("model-1999?"), (19_990..20_000).collect::<Vec<_>>());
        assert_eq!(names.candidates("model-1999?").len(), 11);
        assert_eq!(names.matching("nobody"), Vec::<usize>::new());
        assert_eq!(names.matching("*").len(), texts.len());
    }

    proptest! {
        #[test]
        fn names_in_order_match_as_each_does(
            pattern in "[ab?*]{0,5}",
            names in proptest::collection::vec("[ab]{0,5}", 0..12),
        ) {
            let expected: Vec<usize> =
                (0..names.len()).filter(|at| matches(&pattern, &names[*at])).collect();
            prop_assert_eq!(Names::new(names.iter().map(String::as_str)).matching(&pattern), expected);
        }

        #[test]
        fn agrees_with_a_regular_expression(pattern in "[ab?*]{0,8}", name in "[ab]{0,10}") {
            let regex = format!("^{}$", pattern.replace('?', ".").replace('*', ".*"));
            prop_assert_eq!(matches(&pattern, &name), regex::Regex::new(&regex).unwrap().is_match(&name));
        }
    }
}
