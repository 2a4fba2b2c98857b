//! Errors of files, told by somebody who names the file.

use std::io;

/// What the system says of a file, without the path: whoever tells it has named that already.
pub fn without_path(error: &io::Error) -> String {
    let text = error.to_string();
    // Before the words of the system stand what was attempted, and the path in backticks.
    let behind = text.strip_prefix("failed to ").and_then(|rest| rest.split_once("`: "));
    behind.map_or(text.as_str(), |(_, system)| system).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_once() {
        let error =
            io::Error::other("failed to open file `/models/a.pkl`: No such file or directory (os error 2)");
        assert_eq!(without_path(&error), "No such file or directory (os error 2)");
        assert_eq!(without_path(&io::Error::other("too large")), "too large");
    }
}
