//! What `shelflife map export` publishes: readers of the same major read it, it says what the map says, and the site has no
//! link that leads nowhere.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use browsers::Browser;
use serde_json::json;
use shelflife::compat::{self, CompatData, Question, Square, Unasked, map};
use shelflife::present::{MapHead, map_export, map_row};

#[path = "common/browser.rs"]
mod browsers;
#[path = "common/terminal.rs"]
mod tried;

static FILES: LazyLock<BTreeMap<String, Vec<u8>>> =
    LazyLock::new(|| map_export(map(), 3).unwrap().into_iter().collect());

fn text(path: &str) -> &'static str {
    std::str::from_utf8(&FILES[path]).unwrap()
}

fn plain(format: &str) -> Question {
    Question { format: format.into(), from_bits: 64, bits: 64 }
}

#[test]
fn compat_json_says_what_the_map_says() {
    let data: CompatData = serde_json::from_str(text("compat.json")).unwrap();
    assert!(data.version.starts_with("1.") && data.version.ends_with(".3"), "{}", data.version);
    assert!(FILES["compat.json"].len() < 3 << 19);
    let question = plain("pickle");
    let mut compared = 0;
    for (class, estimator) in &data.estimators {
        let name = format!("{}.{class}", estimator.module);
        let square = estimator
            .squares
            .iter()
            .find(|it| it.format == "pickle" && (it.from_bits, it.bits) == (64, 64))
            .unwrap();
        for (from, row) in compat::square(map(), &name, &question).unwrap() {
            for (at, to) in data.releases.iter().enumerate() {
                let tally = row.iter().find(|(release, _)| release == to).map(|(_, tally)| tally);
                let told = square.rows[&from][at].map(|end| &data.ends[end]);
                assert_eq!(told.is_some(), tally.is_some(), "{name} {from} {to}");
                let (Some(told), Some(tally)) = (told, tally) else { continue };
                let (works, other): (Vec<_>, Vec<_>) =
                    told.iter().partition(|end| ["identical", "roundoff"].contains(&end.verdict.as_str()));
                // A model may be identical in one matrix and equal within roundoff in another one.
                let most = works.iter().map(|end| end.models).sum::<u64>();
                let least = works.iter().map(|end| end.models).max().unwrap_or_default();
                let fails = other.iter().filter(|end| end.verdict != "absent" || tally.total() > 0);
                assert!((least..=most).contains(&(tally.works() as u64)), "{name} {from} {to}");
                let fails: u64 = fails.map(|end| end.models).sum();
                assert_eq!(fails, (tally.total() - tally.works()) as u64, "{name} {from} {to}");
                compared += 1;
            }
        }
    }
    assert!(compared > 10_000, "{compared}");
}

#[test]
fn what_is_not_in_the_map_is_named_with_what_is_next_to_it() {
    let near = |unasked| match unasked {
        Unasked::Estimator { near, .. } | Unasked::Release { near, .. } => near,
        Unasked::Nothing => Vec::new(),
    };
    assert_eq!(
        compat::within(map(), "randomforestclassifier").unwrap(),
        "sklearn.ensemble.RandomForestClassifier"
    );
    assert_eq!(compat::within(map(), "sklearn.svm.SVC").unwrap(), "sklearn.svm.SVC");
    let mistyped = compat::within(map(), "RandomForrestClassifier").unwrap_err();
    assert!(near(mistyped).contains(&"RandomForestClassifier".to_owned()));
    let between = compat::row(map(), "sklearn.svm.SVC", "1.2.0", &plain("pickle")).unwrap_err();
    assert_eq!(near(between), ["1.1.3", "1.2.1"]);
    let format = compat::row(map(), "sklearn.svm.SVC", "1.2.2", &plain("nothing")).unwrap_err();
    assert_eq!(format, Unasked::Nothing);
}

#[test]
fn a_row_says_where_it_works_and_how_it_fails_elsewhere() {
    let question = plain("pickle");
    let row = compat::row(map(), "sklearn.ensemble.RandomForestClassifier", "1.2.2", &question).unwrap();
    let parts = compat::reaches(&row);
    let all: usize = parts.iter().map(|part| part.count).sum();
    assert_eq!(all, row.len());
    let head = MapHead {
        estimator: Some("sklearn.ensemble.RandomForestClassifier"),
        from: Some("1.2.2"),
        to: None,
        beside: "",
        question: &question,
    };
    let text = map_row(&head, &row);
    assert!(text.contains("works in 0.24.2 to 1.2.2"), "{text}");
    assert!(text.contains("(tree-node-layout); rescue mends it"), "{text}");
    assert!(text.contains("next: shelflife rescue FILE --to scikit-learn==1.9.1"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
}

#[test]
fn tables_have_a_row_for_every_cell() {
    let models = map().runs.values().flat_map(|run| run.models.values());
    let cells: usize =
        models.flat_map(|model| model.formats.values()).map(|it| Square::cells(it).count()).sum();
    assert_eq!(text("facts.csv").lines().count(), cells + 1);
    let reader =
        parquet::file::reader::SerializedFileReader::new(bytes::Bytes::from_static(&FILES["facts.parquet"]));
    let metadata = parquet::file::reader::FileReader::metadata(&reader.unwrap()).file_metadata().clone();
    assert_eq!(metadata.num_rows() as usize, cells);
}

/// The reader of the first version of major 1, as it was published, reads what this version writes, and what a later one may
/// add to it.
#[test]
fn an_old_reader_reads_new_data_of_the_same_major() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs_err::write(path("now.json"), &FILES["compat.json"]).unwrap();
    let mut later: serde_json::Value = serde_json::from_str(text("compat.json")).unwrap();
    later["added"] = serde_json::json!({ "anything": [1, 2] });
    let forest = &mut later["estimators"]["RandomForestClassifier"];
    forest["added"] = 1.into();
    let square = serde_json::json!({
        "format": "later", "from_bits": 64, "bits": 64, "rows": { "1.2.2": [0] }, "added": null
    });
    forest["squares"].as_array_mut().unwrap().insert(0, square);
    fs_err::write(path("later.json"), later.to_string()).unwrap();
    later["schema"] = 2.into();
    fs_err::write(path("other.json"), later.to_string()).unwrap();
    fs_err::copy(Path::new("tests/data/compat/reader_1.py"), path("reader_1.py")).unwrap();
    let script = "
import reader_1
for name in ('now.json', 'later.json'):
    compat = reader_1.Map(name)
    forest = ('RandomForestClassifier', '1.2.2', '1.9.1')
    assert compat.works(*forest) is False, compat.ends(*forest)
    assert {end['cause'] for end in compat.ends(*forest)} == {'tree-node-layout'}
    assert compat.works('RandomForestClassifier', '1.4.2', '1.9.1') is True
    assert compat.works('RandomForestClassifier', '1.2.1', '1.9.1') is None
    assert compat.works('Nothing', '1.2.2', '1.9.1') is None
    assert compat.works(*forest, format='nothing') is None
try:
    reader_1.Map('other.json')
except ValueError as error:
    print(error)
";
    let run = Command::new("python3").args(["-c", script]).current_dir(folder.path()).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert!(String::from_utf8_lossy(&run.stdout).contains("this reader knows schema 1"));
}

#[test]
fn the_reader_of_the_package_is_short_and_the_package_small() {
    let reader = text("shelflife-data/shelflife_data/__init__.py");
    let lines = reader.lines().filter(|line| !line.trim().is_empty()).count();
    assert!(lines <= 32, "{lines}");
    let package: usize = FILES
        .iter()
        .filter(|(path, _)| path.starts_with("shelflife-data/"))
        .map(|(_, bytes)| bytes.len())
        .sum();
    assert!(package < 2_000_000, "{package}");
    assert!(text("shelflife-data/pyproject.toml").contains("version = \"1.2"));
}

/// Every link of the site leads to a page, and every fragment to something on it; nothing is loaded from elsewhere.
#[test]
fn every_link_of_the_site_leads_somewhere() {
    let link = regex::Regex::new(r#"(?:href|src)="([^"]*)""#).unwrap();
    let id = regex::Regex::new(r#" id="([^"]*)""#).unwrap();
    let pages: Vec<&String> = FILES.keys().filter(|path| path.ends_with(".html")).collect();
    let ids: BTreeMap<&str, BTreeSet<&str>> = pages
        .iter()
        .map(|path| {
            (path.as_str(), id.captures_iter(text(path)).map(|it| it.get(1).unwrap().as_str()).collect())
        })
        .collect();
    assert!(pages.len() > 300, "{}", pages.len());
    let mut links = 0;
    for path in &pages {
        let folder = Path::new(path.as_str()).parent().unwrap();
        let page = text(path);
        let count = id.captures_iter(page).count();
        assert_eq!(count, ids[path.as_str()].len(), "{path} has an id twice");
        let heads = page.matches("<h1").count();
        assert_eq!(heads, 1, "{path}");
        for target in link.captures_iter(page).map(|it| it.get(1).unwrap().as_str()) {
            if target.starts_with("https://") || target.starts_with("data:") {
                continue;
            }
            links += 1;
            let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
            let mut whole = folder.to_owned();
            for part in file.split('/').filter(|part| !part.is_empty()) {
                if part == ".." { assert!(whole.pop()) } else { whole.push(part) }
            }
            let whole = if file.is_empty() { (*path).clone() } else { whole.display().to_string() };
            assert!(FILES.contains_key(&whole), "{path} links {target}");
            let is_there = fragment.is_empty() || ids[whole.as_str()].contains(fragment);
            assert!(is_there, "{path} links {target}, which is not on that page");
        }
        let scripts = page.matches("<script").count();
        assert_eq!(scripts, usize::from(path.as_str() == "site/index.html"), "{path}");
        assert!(!page.contains("javascript:") && !page.contains("src=\"http"), "{path}");
    }
    assert!(links > 50_000, "{links}");
}

/// The search, links that are handed on, a telephone, no script, and what axe-core finds.
#[test]
fn the_site_works_in_a_browser() {
    let browser = match Browser::new() {
        Ok(browser) => browser,
        Err(reason) => return tried::not_tried(format_args!("the site in a browser: {reason}")),
    };
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in FILES.iter().filter(|(path, _)| path.starts_with("site/")) {
        let path = folder.path().join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, bytes).unwrap();
    }
    let seen = browser.looked("tests/common/site.mjs", &folder.path().join("site"));
    let told = serde_json::to_string_pretty(&seen).unwrap();
    assert_eq!((&seen["errors"], &seen["serious"]), (&json!([]), &json!([])), "{told}");
    assert_eq!(seen["found"], json!(["RandomForestClassifier"]), "{told}");
    assert!(seen["told"].as_str().unwrap().starts_with("1 of 18"), "{told}");
    assert_eq!(seen["address"], "#q=ensemble%20forestcl", "{told}");
    assert_eq!(seen["opened"], "RandomForestClassifier", "{told}");
    assert_eq!(seen["again"], json!(["LinearSVC", "NuSVC", "SVC"]), "{told}");
    assert!(seen["nothing"].as_str().unwrap().starts_with("0 of"), "{told}");
    // A row leads to what became of the release that wrote it, and that to its cause.
    assert!(seen["cell"].as_str().unwrap().starts_with("load-error"), "{told}");
    assert_eq!(seen["writer"]["id"], "pickle-from-1.2.2", "{told}");
    assert!(seen["writer"]["top"].as_i64().unwrap() < 300, "{told}");
    assert!(seen["lines"].as_str().unwrap().contains("Tree nodes have one more field"), "{told}");
    assert!(
        seen["cause"]["id"] == "tree-node-layout" && seen["cause"]["top"].as_i64().unwrap() < 300,
        "{told}"
    );
    // Without a script there is no search, and everything else.
    assert_eq!(seen["bare"]["search"], false, "{told}");
    assert!(seen["bare"]["estimators"].as_u64().unwrap() > 180, "{told}");
}
