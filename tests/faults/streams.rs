//! Pipes, sockets and devices where a file is meant: as an input an error at once, as an output what they are.

use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::UnixListener;
use std::process::Command;

use crate::context::TestContext;

fn pickle(context: &TestContext) {
    // An empty dictionary in protocol 0 is a pickle that any command can look at.
    context.write("model.pkl", "(d.");
}

#[test]
fn inputs_that_are_no_files_are_errors_at_once() {
    let context = TestContext::new();
    nix::unistd::mkfifo(&context.path("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let _listener = UnixListener::bind(context.path("socket")).unwrap();
    for (name, word) in [("pipe", "a pipe"), ("socket", "a socket"), ("/dev/zero", "a device")] {
        for arguments in [
            &["forecast", name, "--to", "scikit-learn==1.5.2"][..],
            &["inspect", name],
            &["plan", name],
            &["run", name],
        ] {
            let ended = context.run(arguments.iter().copied());
            let said = (ended.stdout() + &ended.stderr()).replace(['│', '\n'], " ");
            let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(said.contains(word), "{arguments:?}: {ended}");
            assert_eq!(ended.code(), Some(102), "{arguments:?}: {ended}");
        }
    }
}

#[test]
fn outputs_are_written_through_whatever_has_their_name() {
    let context = TestContext::new();
    pickle(&context);
    let sarif = |path: &str| context.run(["inspect", "model.pkl", "--sarif", path]);
    sarif("/dev/null");
    assert!(fs_err::metadata("/dev/null").unwrap().file_type().is_char_device());
    let ended = sarif("/dev/stdout");
    assert!(ended.stdout().contains("\"$schema\""), "{ended}");
    std::os::unix::fs::symlink("real.sarif", context.path("link.sarif")).unwrap();
    sarif("link.sarif");
    assert!(context.path("link.sarif").is_symlink() && context.read("real.sarif").contains("$schema"));
    // What a shell makes of a process substitution.
    let script = "\"$0\" inspect model.pkl --sarif >(cat > substituted.sarif) > /dev/null; wait $!; exit 0";
    let inner = context.command(["--version"]);
    let mut shell = Command::new("bash");
    shell.args(["-c", script]).arg(inner.get_program()).current_dir(context.path("."));
    if context.end(&mut shell).code() == Some(0) {
        assert!(context.read("substituted.sarif").contains("$schema"));
    }
}
