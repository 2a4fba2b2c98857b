//! Releases that are asked themselves: real wheels, read and not run.

use serde_json::Value;

use crate::context::pickled_by_both;

#[test]
fn a_wheel_says_what_it_breaks() {
    let context = pickled_by_both();
    let line = [
        "forecast",
        "tree-1.2.2.pkl",
        "linear-1.2.2.pkl",
        "--to",
        "scikit-learn==1.5.2",
        "--from-release",
        "--json",
    ];
    let said = context.run(line).expect(0).stdout();
    let answers: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |at: usize| &answers[at]["forecast"];
    assert_eq!((&of(0)["expected"], &of(0)["stage"]), (&"breaks".into(), &"state".into()), "{said}");
    assert!(of(0)["because"][0].as_str().unwrap().contains("wants the field missing_go_to_left"), "{said}");
    // What it runs has changed, and nobody says that it works.
    assert_eq!(of(1)["expected"], "risk", "{said}");

    let page =
        context.run(["release-diff", "scikit-learn==1.2.2", "scikit-learn==1.5.2", "--json"]).expect(0);
    let diff: Value = serde_json::from_str(&page.stdout()).unwrap();
    let node = diff["structs"].as_array().unwrap().iter().find(|it| it["name"] == "Node").unwrap();
    assert_eq!(node["added"][0], "missing_go_to_left");
    assert!(node["estimators"].as_array().unwrap().contains(&"RandomForestClassifier".into()), "{node}");
    let gone = diff["gone"].as_array().unwrap();
    let metric = gone.iter().find(|it| it["name"] == "EuclideanDistance").unwrap();
    assert_eq!(metric["likely"], "EuclideanDistance64");
    assert!(gone.iter().any(|it| it["module"] == "sklearn.ensemble._gb_losses" && it["is_module"] == true));
}
