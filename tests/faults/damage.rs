//! Damage inside of environments: it is named, what shelflife made is made again, and nothing that was seen is served.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::context::{DATA, TestContext, environment, models};
use crate::story::empty;
use crate::terminal::not_tried;

/// The file of scikit-learn that every model here is loaded through. It has a new inode, so that nobody else's is damaged.
fn damage(environment: &Path, change: impl Fn(Vec<u8>) -> Vec<u8>) -> PathBuf {
    let file = environment.join("lib/python3.11/site-packages/sklearn/preprocessing/_data.py");
    let bytes = change(fs_err::read(&file).unwrap());
    fs_err::remove_file(&file).unwrap();
    fs_err::write(&file, bytes).unwrap();
    file
}

/// A context with one environment of its own, and a run of it in which everything was well.
fn made() -> (TestContext, PathBuf) {
    let context = empty();
    let matrix = format!(
        "{}{DATA}\n{}",
        environment("only", "\"1.5.2\"", ""),
        models(&[("scaler", "StandardScaler()")])
    );
    context.write("one.toml", &matrix);
    context.run(["run", "one.toml"]).expect(0);
    let names = context.list("cache/environments-v1");
    let [name] = names.as_slice() else { panic!("{names:?}") };
    let folder = context.cache().join("environments-v1").join(name);
    (context, folder)
}

#[test]
fn a_damaged_environment_is_named_and_made_again() {
    let (context, folder) = made();
    let truncated = |bytes: Vec<u8>| bytes[..bytes.len() / 2].to_vec();
    let flipped =
        |bytes: Vec<u8>| bytes.iter().map(|byte| if *byte == b'+' { b'-' } else { *byte }).collect();
    for (number, change) in [&truncated as &dyn Fn(Vec<u8>) -> Vec<u8>, &flipped].into_iter().enumerate() {
        let now = fs_err::read_dir(folder.parent().unwrap()).unwrap().next().unwrap().unwrap().path();
        damage(&now, change);
        let run = format!("again-{number}");
        let ended = context.run(["run", "one.toml", "--run", &run]).expect(0);
        assert!(ended.stderr().contains("only is made again: its file"), "{ended}");
        assert!(ended.stderr().contains("sklearn/preprocessing/_data.py"), "{ended}");
        // What was seen before may have been seen in the damage.
        assert!(ended.stderr().contains("executed 2 observations"), "{ended}");
        assert!(context.verdicts(&run).values().all(|verdict| verdict == "identical value"));
    }
    let again = context.run(["run", "one.toml", "--run", "last"]).expect(0);
    assert!(again.stderr().contains("nothing had to be executed"), "{again}");
}

#[test]
fn damage_that_keeps_size_and_time_is_found_with_verify() {
    let (context, folder) = made();
    let file = folder.join("lib/python3.11/site-packages/sklearn/preprocessing/_data.py");
    let time = fs_err::metadata(&file).unwrap().modified().unwrap();
    damage(&folder, |bytes| bytes.iter().map(|byte| if *byte == b'+' { b'-' } else { *byte }).collect());
    fs_err::OpenOptions::new().append(true).open(&file).unwrap().file().set_modified(time).unwrap();
    let ended = context.run(["run", "one.toml", "--verify", "--run", "again"]).expect(0);
    assert!(ended.stderr().contains("only is made again: its file"), "{ended}");
    assert!(context.verdicts("again").values().all(|verdict| verdict == "identical value"));
}

#[test]
fn damage_of_an_environment_of_somebody_else_is_named_and_left_alone() {
    let (context, folder) = made();
    let own = context.path("own");
    // Somebody's environment: a copy, with interpreters that are links to the outside.
    let copied = Command::new("cp").arg("-a").arg(&folder).arg(&own).status();
    if !copied.is_ok_and(|status| status.success()) {
        return not_tried("an environment could not be copied");
    }
    let python = own.join("bin/python");
    let matrix = format!(
        "[[environments]]\nname = \"own\"\nruntime = \"existing\"\ncommand = [\"{}\"]\n{DATA}\n{}",
        python.display(),
        models(&[("scaler", "StandardScaler()")])
    );
    context.write("own.toml", &matrix);
    context.run(["run", "own.toml"]).expect(0);
    let whole =
        fs_err::read(own.join("lib/python3.11/site-packages/sklearn/preprocessing/_data.py")).unwrap();
    let file =
        damage(&own, |bytes| bytes.iter().map(|byte| if *byte == b'+' { b'-' } else { *byte }).collect());
    for arguments in [&["--run", "damaged"][..], &["--refresh", "--run", "refreshed"]] {
        let ended = context.run([&["run", "own.toml"], arguments].concat());
        assert!(ended.stdout().contains("its bytes are not those that were installed"), "{ended}");
        let verdicts = context.verdicts(arguments.last().unwrap());
        assert!(verdicts.values().all(|verdict| verdict == "env-error env"), "{verdicts:?}");
    }
    fs_err::write(&file, whole).unwrap();
    let ended = context.run(["run", "own.toml", "--run", "mended"]).expect(0);
    assert!(ended.stderr().contains("executed 2 observations"), "{ended}");
    assert!(context.verdicts("mended").values().all(|verdict| verdict == "identical value"));
}
