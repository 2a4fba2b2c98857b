//! Images as environments, with a real docker: cells in them are cells like any other, and no container outlives its run.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::Stdio;

use crate::context::{DATA, TestContext, environment, models, recipe, text};
use crate::machine::{self, not_tried};

const TREE: &str =
    "[[environments]]\nname = \"tree\"\nruntime = \"rootfs\"\nsuite = \"bookworm\"\narch = \"i386\"\n";

fn image(name: &str) -> String {
    format!(
        "[[environments]]\nname = \"image\"\nruntime = \"container\"\nimage = \"{name}\"\nplatform = \"linux/386\"\n"
    )
}

fn left_behind() -> String {
    machine::engine(&["ps", "--all", "--quiet", "--filter", "label=shelflife.owner"]).unwrap()
}

/// The root of the Debian tree that the tests share; made where it is not there yet.
pub fn tree(context: &TestContext) -> Result<PathBuf, String> {
    context.write("tree.toml", &format!("{TREE}{DATA}\n{}", models(&[("scaler", "StandardScaler()")])));
    let ended = context.run(["env", "prepare", "tree.toml"]);
    if ended.code() != Some(0) {
        return Err(ended.stderr());
    }
    let listed = context.run(["env", "list", "--message-format", "json"]).expect(0).stdout();
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let mut environments = listed.as_array().unwrap().iter();
    let found =
        environments.find(|found| found["requirements"] == serde_json::json!(["debian bookworm i386"]));
    Ok(text(found.unwrap(), "root").into())
}

#[test]
fn cells_run_in_an_image_and_no_container_is_left_even_after_a_kill() {
    if let Err(reason) = machine::engine(&["info"]) {
        not_tried(format_args!(
            "docker does not answer ({reason}); `docker/with-daemon.sh cargo test` starts one"
        ));
        return;
    }
    let context = TestContext::new();
    let name = match tree(&context) {
        Ok(root) => match machine::imported(&root) {
            Some(name) => name,
            None => return,
        },
        Err(reason) => {
            not_tried(format_args!("no Debian tree to make an image of: {reason}"));
            return;
        }
    };
    let estimators = models(&[
        ("linear", "LogisticRegression()"),
        ("neighbours", "KNeighborsClassifier(algorithm='kd_tree')"),
        ("scaler", "StandardScaler()"),
    ]);
    let twin = environment("sk{scikit-learn}", "[\"1.2.2\"]", "");
    context.write("cage.toml", &format!("{TREE}{}{twin}{DATA}\n{estimators}", image(&name)));
    context.run(["run", "cage.toml"]).expect(0);
    let verdicts = context.verdicts("cage");
    for model in ["linear", "neighbours", "scaler"] {
        // One and the same interpreter, entered in two ways.
        for pair in ["tree image", "image tree", "image image"] {
            assert_eq!(verdicts[&format!("{model} {pair}")], "identical value", "{model} {pair}");
        }
    }
    assert_eq!(
        verdicts["neighbours sk1.2.2 image"], "load-error state",
        "the trees of neighbours do not cross bitness"
    );
    assert_eq!(verdicts["neighbours image sk1.2.2"], "load-error state");
    assert!(
        matches!(&*verdicts["linear sk1.2.2 image"], "identical value" | "roundoff value"),
        "{verdicts:?}"
    );
    let results = context.results("cage");
    let mut environments = results["environments"].as_array().unwrap().iter();
    let found = environments.find(|found| found["name"] == "image").unwrap();
    assert_eq!((&found["runtime"], &found["bits"]), (&"container".into(), &32.into()));
    assert_eq!(left_behind(), "");

    context.write("slow.py", &recipe("time.sleep(0.1)"));
    let slow: String = (0..6)
        .map(|index| format!("[[models]]\nname = \"slow-{index}\"\nrecipe = \"slow.py\"\nseed = {index}\n\n"))
        .collect();
    context.write("killed.toml", &format!("{}{DATA}\n{slow}", image(&name)));
    let arguments = ["run", "killed.toml", "--message-format", "json"];
    let mut child = context.command(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(output.any(|line| line.unwrap().contains("\"event\":\"cell-observed\"")));
    child.kill().unwrap();
    child.wait().unwrap();
    context.run(arguments).expect(0);
    assert_eq!(context.verdicts("killed").len(), 6);
    assert_eq!(left_behind(), "", "neither of the killed run nor of the one that went on");
}
