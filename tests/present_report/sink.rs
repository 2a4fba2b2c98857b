//! Writing the files of a run.

use shelflife::present::{RENDERERS, SinkError, View, write_file, write_reports};

use crate::fixture;

#[test]
fn all_files_and_locks_are_written_and_listed() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("reports/compat");
    let mut record = fixture::every_verdict();
    record.environments[0].name = "../evil/na me".into();
    let paths = write_reports(&run, &View::new(&record), RENDERERS).unwrap();
    let mut names: Vec<_> =
        paths.iter().map(|path| path.strip_prefix(&run).unwrap().to_str().unwrap().to_owned()).collect();
    let evil = names.remove(5);
    assert!(evil.starts_with("locks/_evil_na_me-") && evil.ends_with(".json"), "{evil}");
    assert_eq!(
        names,
        [
            "results.json",
            "results.csv",
            "report.md",
            "report.html",
            "junit.xml",
            "locks/sk1.2.2.json",
            "locks/sk1.5.2.json"
        ]
    );
    for path in &paths {
        assert!(std::fs::metadata(path).unwrap().len() > 100, "{}", path.display());
    }
    let lock: shelflife::vocab::Lock =
        serde_json::from_slice(&std::fs::read(run.join("locks/sk1.5.2.json")).unwrap()).unwrap();
    assert_eq!(Some(lock), record.environments[2].full_lock);
    // Again over what stands there, and no temporary file is left.
    write_reports(&run, &View::new(&record), RENDERERS).unwrap();
    assert_eq!(std::fs::read_dir(&run).unwrap().count(), 6);
}

#[test]
fn environments_whose_names_differ_in_case_only_keep_their_locks_apart() {
    let folder = tempfile::tempdir().unwrap();
    let mut record = fixture::every_verdict();
    record.environments[0].name = "EDGE".into();
    record.environments[1].name = "edge".into();
    let paths = write_reports(folder.path(), &View::new(&record), &[]).unwrap();
    let mut names: Vec<_> =
        paths.iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_lowercase()).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 3);
}

#[test]
fn an_error_names_the_file_and_leaves_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("report.html");
    fs_err::create_dir(&target).unwrap();
    let error = write_file(&target, b"x").unwrap_err();
    assert!(error.to_string().contains("report.html"), "{error}");
    assert!(matches!(error, SinkError::Write { .. }));
    let blocked = folder.path().join("file");
    fs_err::write(&blocked, "old").unwrap();
    let error = write_file(&blocked.join("report.html"), b"x").unwrap_err();
    assert!(error.to_string().contains("report.html"), "{error}");
    assert_eq!(std::fs::read(&blocked).unwrap(), b"old");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[cfg(unix)]
#[test]
fn reports_are_readable_for_others_as_far_as_the_umask_says() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    write_file(&folder.path().join("report.md"), b"x").unwrap();
    fs_err::write(folder.path().join("plain"), b"x").unwrap();
    let mode = |name| std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
    assert_eq!(mode("report.md"), mode("plain"));
}

#[test]
fn what_is_no_regular_file_is_written_through() {
    use std::io::Read as _;
    use std::os::unix::fs::{FileTypeExt as _, symlink};

    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let is_link = |name: &str| std::fs::symlink_metadata(place(name)).unwrap().is_symlink();

    // A device stays a device; as root, a file beside it could take its place.
    symlink("/dev/null", place("null")).unwrap();
    for path in [place("null"), "/dev/null".into()] {
        write_file(&path, b"gone").unwrap();
        assert!(std::fs::metadata(&path).unwrap().file_type().is_char_device());
    }
    assert!(is_link("null"));

    fs_err::write(place("target"), "something longer").unwrap();
    for (link, target) in [("link", "target"), ("dangling", "new")] {
        symlink(place(target), place(link)).unwrap();
        for text in ["longer", "short"] {
            write_file(&place(link), text.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(place(target)).unwrap(), text);
        }
        assert!(is_link(link));
    }

    nix::unistd::mkfifo(&place("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let pipe = place("pipe");
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        std::fs::File::open(pipe).unwrap().read_to_string(&mut text).unwrap();
        text
    });
    write_file(&place("pipe"), b"through").unwrap();
    assert_eq!(reader.join().unwrap(), "through");
    assert!(std::fs::metadata(place("pipe")).unwrap().file_type().is_fifo());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 6);
}
