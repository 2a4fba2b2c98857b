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

/// The name nearest to `word`, if one is near enough to be what was meant.
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let names: Vec<&str> = names.into_iter().collect();
    let folded = word.to_lowercase();
    if let Some(same) = names.iter().find(|name| name.to_lowercase() == folded) {
        return Some(same);
    }
    similar::get_close_matches(word, &names, 1, 0.6).first().copied()
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

    proptest! {
        #[test]
        fn agrees_with_a_regular_expression(pattern in "[ab?*]{0,8}", name in "[ab]{0,10}") {
            let regex = format!("^{}$", pattern.replace('?', ".").replace('*', ".*"));
            prop_assert_eq!(matches(&pattern, &name), regex::Regex::new(&regex).unwrap().is_match(&name));
        }
    }
}
