//! What of a message explains it: not always its first line, and not always its beginning.

use std::borrow::Cow;

use super::words::line;

/// What a line holds that names a cause, in lower case: the libraries that announce one in many lines name it there.
const NAMES_A_CAUSE: [&str; 8] = [
    "original error was",
    "caused by",
    "cannot open shared object",
    "no such file or directory",
    "error: ",
    "exception: ",
    "not found",
    "no module named",
];

/// Characters of a line that says something itself, though it ends by announcing more.
const SAYS_ENOUGH: usize = 60;

/// A message in one line of at most so many characters: its first line that says something, the lines that it only
/// announces, and the last one that names a cause. Where that is too long, the middle is left out.
pub(super) fn gist(text: &str, most: usize) -> String {
    let lines: Vec<Cow<'_, str>> = text.lines().map(line).collect();
    let mut telling = lines.iter().filter(|line| line.chars().any(char::is_alphanumeric));
    let Some(first) = telling.next() else { return String::new() };
    let mut told = first.trim().to_owned();
    while told.ends_with(':')
        && told.chars().count() < SAYS_ENOUGH
        && let Some(next) = telling.next()
    {
        told.push(' ');
        told.push_str(next.trim());
    }
    let names_a_cause = |line: &&Cow<'_, str>| {
        let lower = line.to_lowercase();
        NAMES_A_CAUSE.iter().any(|mark| lower.contains(mark))
    };
    if let Some(cause) = telling.rfind(names_a_cause) {
        told.push_str(" ... ");
        told.push_str(cause.trim());
    }
    ends(told.trim_end_matches(':'), most)
}

/// At most so many characters, the middle left out between words: what explains a long message stands at its end.
fn ends(text: &str, most: usize) -> String {
    const GAP: &str = " ... ";
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let tail = most / 3;
    let head = most.saturating_sub(tail + GAP.len());
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(count - tail).collect();
    // A word that is longer than what is shown is cut all the same.
    let start = start.rsplit_once(' ').map_or(start.as_str(), |(whole, _)| whole);
    let end = end.split_once(' ').map_or(end.as_str(), |(_, whole)| whole);
    format!("{start}{GAP}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_explains_a_message_is_kept() {
        let nltk = "LookupError: \n**********\n  Resource \u{1b}[93mstopwords\u{1b}[0m not found.\n  Please use the \
                    downloader to obtain it:\n\n  >>> import nltk\n\n  Searched in:\n    - '/usr/share/nltk_data'\n";
        assert_eq!(gist(nltk, 200), "LookupError: Resource stopwords not found.");
        let numpy = "ImportError: \n\nIMPORTANT: READ THIS FOR ADVICE\n\nImporting the C-extensions failed.\n\
                     Original error was: libblas.so.3: cannot open shared object file";
        assert_eq!(
            gist(numpy, 200),
            "ImportError: IMPORTANT: READ THIS FOR ADVICE ... Original error was: libblas.so.3: cannot open shared object file"
        );
        let onnx = format!(
            "Fail: [ONNXRuntimeError] : 1 : FAIL : Load model failed:{} Failed to construct locale with name en_US.UTF-8",
            " Exception during initialization".repeat(20)
        );
        let told = gist(&onnx, 160);
        assert!(told.starts_with("Fail: [ONNXRuntimeError]"), "{told}");
        assert!(told.ends_with(" locale with name en_US.UTF-8") && told.chars().count() <= 160, "{told}");
        assert_eq!(gist("\n ValueError: X has 3 features:\n", 100), "ValueError: X has 3 features");
        assert_eq!(gist("", 10), "");
    }

    #[test]
    fn no_word_is_cut_and_no_limit_is_passed() {
        let text: String = (0..200).map(|number| format!("word{number} ")).collect();
        let told = gist(&text, 100);
        assert!(told.chars().count() <= 100);
        assert!(told.split(' ').all(|word| word == "..." || text.contains(&format!("{word} "))), "{told}");
        assert!(gist(&"A".repeat(6_000_000), 100).chars().count() <= 100);
    }
}
