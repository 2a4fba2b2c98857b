//! Errors of files, told by somebody who names the file.

use std::io;

/// What the system says of a file, without the path: whoever tells it has named that already.
pub fn without_path(error: &io::Error) -> String {
    // What `fs_err` puts around an error of the system names the path, and carries that error.
    let inner = error.get_ref().and_then(|wrapped| wrapped.source());
    let system = inner.and_then(|inner| inner.downcast_ref::<io::Error>()).unwrap_or(error);
    system.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_once() {
        let error = fs_err::File::open("/nonexistent/model.pkl").expect_err("it does not exist");
        assert!(error.to_string().contains("model.pkl"));
        assert_eq!(without_path(&error), "No such file or directory (os error 2)");
        assert_eq!(without_path(&io::Error::other("too large")), "too large");
    }
}
