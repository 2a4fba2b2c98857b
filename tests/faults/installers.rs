//! Whoever makes environments is killed: once it is tried again, twice the environment says so, and nothing is left.

use std::io::Read as _;
use std::process::{Child, Stdio};

use crate::context::TestContext;
use crate::processes::kill_program;
use crate::story::{cold, is_undisturbed, nothing_is_left};
use crate::terminal::not_tried;

/// A command in the background whose standard error is kept in a file, so that it never waits for a reader.
fn started(context: &TestContext, arguments: &[&str]) -> Child {
    let errors = fs_err::File::create(context.path("errors.txt")).unwrap().into_parts().0;
    let mut command = context.command(arguments.iter().copied());
    command.stdout(Stdio::null()).stderr(errors).spawn().unwrap()
}

/// Kills every process of a program as soon as it is seen, `times` times or until the command ends, and gives the exit code
/// and what was said.
fn kill_while(
    context: &TestContext,
    arguments: &[&str],
    program: (&str, &str),
    times: Option<usize>,
) -> (Option<i32>, String) {
    let mut child = started(context, arguments);
    let pid = child.id();
    let mut killed = 0;
    while times.is_none_or(|times| killed < times)
        && kill_program(pid, program, &mut || child.try_wait().unwrap().is_some())
    {
        killed += 1;
    }
    assert!(killed > 0, "{program:?} was not there to be killed");
    let code = child.wait().unwrap().code();
    let mut said = String::new();
    fs_err::File::open(context.path("errors.txt")).unwrap().read_to_string(&mut said).unwrap();
    (code, said)
}

#[test]
fn an_installer_that_is_killed_once_is_started_again() {
    let context = cold();
    let (code, said) = kill_while(&context, &["run", "slow.toml"], ("uv", "install"), Some(1));
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("gave no reason"), "{said}");
    is_undisturbed(&context, "slow");
    context.run(["env", "list"]).expect(0);
    nothing_is_left(&context);
}

#[test]
fn an_installer_that_is_always_killed_is_the_environments_trouble_and_says_so() {
    let context = cold();
    let (code, said) = kill_while(&context, &["env", "prepare", "slow.toml"], ("uv", "install"), None);
    assert_eq!(code, Some(101), "{said}");
    assert!(said.contains("uv was ended by SIGKILL") && !said.contains("gave no reason"), "{said}");
    context.run(["env", "prepare", "slow.toml"]).expect(0);
    nothing_is_left(&context);
}

#[test]
fn a_killed_shelflife_leaves_no_half_made_environment() {
    let context = cold();
    let mut child = started(&context, &["env", "prepare", "slow.toml"]);
    let environments = context.cache().join("environments-v1");
    // Something is there, and is not finished.
    let half_made = || fs_err::read_dir(&environments).unwrap().next().is_some();
    while !half_made() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it made anything");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    context.wait_for_no_processes();
    context.run(["env", "list"]).expect(0);
    nothing_is_left(&context);
    context.run(["run", "slow.toml"]).expect(0);
    is_undisturbed(&context, "slow");
}

#[test]
fn a_tree_whose_maker_is_killed_says_so_and_leaves_nothing() {
    for program in ["mmdebstrap", "bwrap"] {
        if which::which(program).is_err() {
            return not_tried(format!("killing mmdebstrap: {program} is not installed"));
        }
    }
    let context = cold();
    context.write(
        "tree.toml",
        "[[environments]]\nname = \"tree\"\nruntime = \"rootfs\"\nsuite = \"bookworm\"\narch = \"i386\"\n\n\
         [defaults]\nformats = [\"pickle\"]\ndataset = \"blobs\"\n\n[datasets.blobs]\npath = \"blobs.csv\"\ntarget = \
         \"label\"\n\n[[models]]\nname = \"scaler\"\nestimator = \"StandardScaler()\"\n",
    );
    let (code, said) =
        kill_while(&context, &["env", "prepare", "tree.toml"], ("mmdebstrap", "--variant=minbase"), None);
    assert_eq!(code, Some(101), "{said}");
    assert!(said.contains("was ended by SIGKILL") && !said.contains("gave no reason"), "{said}");
    context.wait_for_no_processes();
    context.run(["env", "list"]).expect(0);
    nothing_is_left(&context);
}
