//! What people call the outputs of a model.

/// What people call the outputs of a model.
const CALLED: &[(&str, &[&str])] = &[
    (
        "predict",
        &[
            "predict",
            "predicted",
            "prediction",
            "predictions",
            "pred",
            "preds",
            "y_pred",
            "ypred",
            "yhat",
            "y_hat",
            "label",
            "labels",
            "class",
            "y",
            "target",
            "expected",
            "output",
        ],
    ),
    (
        "predict_proba",
        &[
            "predict_proba",
            "probability",
            "probabilities",
            "proba",
            "probas",
            "prob",
            "probs",
            "p",
            "y_proba",
            "y_prob",
            "predicted_probability",
        ],
    ),
    ("decision_function", &["decision_function", "decision", "score", "scores", "margin"]),
    ("transform", &["transform", "transformed"]),
    ("score_samples", &["score_samples"]),
    ("predict_std", &["predict_std", "std"]),
];

/// The output that a word means.
pub(super) fn meaning(word: &str) -> Option<&'static str> {
    let word = word.trim().to_ascii_lowercase().replace([' ', '-'], "_");
    CALLED.iter().find(|(_, names)| names.contains(&word.as_str())).map(|(output, _)| *output)
}

/// The output that a heading such as `probability(x)`, `proba_1` or `transform[2]` means, and which column of it.
pub(super) fn part(heading: &str) -> Option<(&'static str, &str)> {
    let heading = heading.trim();
    for (open, close) in [('(', ')'), ('[', ']'), ('{', '}')] {
        if let Some((word, rest)) = heading.split_once(open)
            && let Some(which) = rest.strip_suffix(close)
        {
            return Some((meaning(word)?, which.trim().trim_matches(['\'', '"'])));
        }
    }
    // The longest word that has a meaning: `predict_proba_setosa` is no `predict` of `proba_setosa`.
    let cuts =
        heading.char_indices().filter(|(_, letter)| matches!(letter, '_' | ' ' | '-' | '.' | ':' | '='));
    let cuts: Vec<(usize, char)> = cuts.collect();
    cuts.into_iter().rev().find_map(|(at, letter)| {
        let which = heading[at + letter.len_utf8()..].trim();
        // `y_1` and `class_a` are columns of their own.
        let output = meaning(&heading[..at]).filter(|output| *output != "predict")?;
        (!which.is_empty()).then_some((output, which))
    })
}
