//! What `shelflife inspect` says to people: the answer first, then what to know before the file is loaded.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::inspection_next as next;
use crate::vocab::{
    ArtifactKind, BoosterFacts, ByteOrder, ClassFact, Container, Foreign, GlobalFact, Inspected, Inspection,
    Member, PickleFacts, Problem, ProblemKind, TensorFact, Trust,
};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default();

/// Lines of one kind that are told of one artifact.
const MOST_LINES: usize = 12;
/// What makes functions and classes of code in the file.
const DILLS_CODE: &[&str] =
    &["dill._dill._create_code", "dill._dill._create_function", "dill._dill._create_type"];
/// From this many artifacts on, those without anything suspicious take one line each.
const MANY: usize = 8;

fn painted(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Text of a file for a terminal: control characters must not reach it.
pub fn plain(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

/// What artifacts are, as text for a terminal of any width: one after another, so that none has to be held.
#[derive(Debug, Default)]
pub struct InspectionText {
    /// The first ones, until it is known whether there are many.
    held: Vec<Inspected>,
    count: usize,
    dangerous: usize,
    unknown: usize,
    broken: usize,
    foreign: BTreeMap<Foreign, usize>,
}

impl InspectionText {
    /// Takes one more; gives what can be printed now.
    pub fn add(&mut self, artifact: Inspected) -> String {
        self.count(&artifact.inspection);
        let mut text = String::new();
        if self.count > MANY {
            one(&mut text, &artifact, true);
            return text;
        }
        self.held.push(artifact);
        if self.count == MANY {
            self.held.drain(..).for_each(|artifact| one(&mut text, &artifact, true));
        }
        text
    }

    fn count(&mut self, found: &Inspection) {
        self.count += 1;
        self.dangerous += usize::from(worst(found) == Some(Trust::Dangerous));
        self.unknown += usize::from(worst(found) == Some(Trust::Unknown));
        match next::instead(found) {
            Some(foreign) => *self.foreign.entry(foreign).or_default() += 1,
            None => self.broken += usize::from(!found.complete),
        }
    }

    /// What is to be printed last.
    pub fn finish(mut self) -> String {
        let mut text = String::new();
        let held = std::mem::take(&mut self.held);
        for (index, artifact) in held.iter().enumerate() {
            if index > 0 {
                text.push('\n');
            }
            one(&mut text, artifact, false);
        }
        if self.count > 1 {
            if !held.is_empty() {
                text.push('\n');
            }
            text.push_str(&self.total());
        }
        text
    }

    fn total(&self) -> String {
        let mut parts = vec![format!("{} files", self.count)];
        for (count, what) in [
            (self.dangerous, "run commands when they are loaded"),
            (self.unknown, "run code that shelflife does not know"),
            (self.broken, "could not be read completely"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        let foreign: usize = self.foreign.values().sum();
        if foreign > 0 {
            let kinds = self.foreign.iter().map(|(foreign, count)| times(foreign.what(), *count as u64));
            parts.push(format!("{foreign} hold no model that can be tried: {}", listed(kinds)));
        }
        parts.join(", ") + "\n"
    }
}

/// What an artifact does when it is loaded that models do not do, as its verb; none where all that it imports is known.
pub fn runs_on_load(found: &Inspection) -> Option<&'static str> {
    worst(found).map(|trust| match trust {
        Trust::Dangerous => "RUNS COMMANDS when it is loaded",
        Trust::Unknown | Trust::Known => "runs code that shelflife does not know when it is loaded",
    })
}

/// How far the least trusted thing that loading does is trusted; none where everything is known, or nothing is loaded.
fn worst(found: &Inspection) -> Option<Trust> {
    let named = || found.globals().iter().map(|global| global.trust).max();
    // Of what is no pickle, only what it names counts: any bytes hold some opcodes.
    let worst = if found.kind == ArtifactKind::Unknown { named() } else { Some(found.trust()) };
    worst.filter(|worst| *worst != Trust::Known)
}

fn one(text: &mut String, artifact: &Inspected, many: bool) {
    let found = &artifact.inspection;
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{}: {}", painted(BOLD, &plain(&artifact.path)), answer(found));
    danger(text, found);
    // Of what is something else altogether, where it stops being a pickle says nothing.
    let is_told =
        found.kind != ArtifactKind::Unknown || next::instead(found).is_none_or(|it| it == Foreign::Unknown);
    for problem in found.problems.iter().take(MOST_LINES).filter(|_| is_told) {
        let style = if problem.kind == ProblemKind::Trailing { YELLOW } else { RED };
        let line = format!("at byte {}: {}", problem.offset, plain(&problem.what));
        let _ = writeln!(text, "  {} {line}", painted(style, "!"));
    }
    if many {
        // Of what is no artifact, what to do is all that there is to say.
        if next::instead(found).is_some() {
            next::steps(artifact).iter().for_each(|step| {
                let _ = writeln!(text, "  next: {}", plain(step));
            });
        }
        return;
    }
    let mut row = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "  {} {value}", painted(DIM, &format!("{name:<12}")));
        }
    };
    let is_pickle = |pickle: &&PickleFacts| found.kind != ArtifactKind::Unknown || !pickle.globals.is_empty();
    if let Some(pickle) = found.pickle.as_ref().filter(is_pickle) {
        row("holds", &members(found));
        row("estimators", &estimators(found));
        row("written by", &writer(found, pickle));
        row("needs", &listed(pickle.wrappers.iter().map(|package| plain(&package.package))));
        row("joblib", &joblib(pickle));
        row("runs on load", &runs(pickle));
    }
    if let Some(skops) = &found.skops {
        row("types", &listed(skops.types.iter().map(|(name, count)| times(&plain(name), *count))));
        row("to trust", &listed(skops.untrusted.iter().map(|name| plain(name))));
    }
    if let Some(onnx) = &found.onnx {
        row(
            "opsets",
            &listed(onnx.opsets.iter().map(|(domain, version)| format!("{} {version}", plain(domain)))),
        );
        row("operators", &listed(onnx.operators.iter().map(|(name, count)| times(&plain(name), *count))));
        let tensor = |tensor: &TensorFact| format!("{}: {}", plain(&tensor.name), plain(&tensor.kind));
        row("inputs", &listed(onnx.inputs.iter().map(tensor)));
        row("outputs", &listed(onnx.outputs.iter().map(tensor)));
    }
    row("boosters", &listed(found.boosters.iter().map(booster)));
    row(
        "records",
        &listed(found.versions.iter().map(|(package, versions)| {
            let versions: Vec<_> = versions.iter().map(|version| plain(version)).collect();
            format!("{} {}", plain(package), versions.join(" and "))
        })),
    );
    row("arrays", &arrays(found));
    let blake3 = found.digest.map(|digest| format!("blake3 {digest}"));
    let sha256 = found.sha256.as_ref().map(|sha256| format!("sha256 {sha256}"));
    for (index, digest) in blake3.into_iter().chain(sha256).enumerate() {
        row(if index == 0 { "digest" } else { "" }, &digest);
    }
    if next::instead(found).is_none() && found.kind != ArtifactKind::Unknown {
        row("made with", &plain(&next::maker(found)));
    }
    for step in next::steps(artifact) {
        row("next", &plain(&step));
    }
}

/// What a booster says of itself.
fn booster(facts: &BoosterFacts) -> String {
    let version = facts.version.as_ref().map(|version| format!(" {}", plain(version))).unwrap_or_default();
    let format = facts.format_version.map(|format| format!("format v{format}"));
    let objective = facts.objective.as_ref().map(|objective| format!("objective {}", plain(objective)));
    let said: Vec<String> = format.into_iter().chain(objective).collect();
    let said = if said.is_empty() { String::new() } else { format!(" ({})", said.join(", ")) };
    format!("{}{version}{said}", plain(&facts.library))
}

/// The models of an archive.
fn members(found: &Inspection) -> String {
    let word = |member: &Member| match member.has_objects {
        true => plain(&member.name),
        false => format!("{} (values only)", plain(&member.name)),
    };
    let several = found.pickle.as_ref().map_or(0, |pickle| pickle.consecutive);
    if found.members.is_empty() && several > 1 {
        return format!("{several} pickles one after another; `pickle.load` reads one at each call");
    }
    listed(found.members.iter().map(word))
}

/// One line: what it is, and the worst of it.
fn answer(found: &Inspection) -> String {
    // Of what cannot even be opened there is nothing else to say.
    if let [Problem { kind: ProblemKind::Unreadable, what, .. }] = found.problems.as_slice()
        && found.size == 0
    {
        return painted(RED, what);
    }
    let what = match found.kind {
        ArtifactKind::Pickle => "a pickle",
        ArtifactKind::Joblib => "a joblib file",
        ArtifactKind::Skops => "a skops file",
        ArtifactKind::Onnx => "an ONNX model",
        ArtifactKind::Npy => "a numpy array",
        ArtifactKind::Npz => "numpy arrays",
        ArtifactKind::Json => "JSON",
        ArtifactKind::Zip => "a zip archive",
        ArtifactKind::Tar => "a tar archive",
        ArtifactKind::Mlflow => "the description of an MLflow model",
        ArtifactKind::Xgboost => "a booster in XGBoost's own format",
        ArtifactKind::Lightgbm => "a booster in LightGBM's own format",
        ArtifactKind::Catboost => "a model in CatBoost's own format",
        ArtifactKind::Unknown => "not an artifact that shelflife knows",
    };
    let instead = next::instead(found).filter(|foreign| *foreign != Foreign::Unknown);
    // What was cut off or changed on its way is still a pickle, and what it names counts.
    let what = match instead {
        Some(Foreign::Cut | Foreign::SeveralInside | Foreign::NoModelInside) | None => what,
        Some(foreign) => foreign.what(),
    };
    let mut parts = vec![what.to_owned()];
    if let Some(pickle) = found.pickle.as_ref().filter(|_| found.kind != ArtifactKind::Unknown) {
        parts.push(format!("protocol {}", pickle.protocol));
    }
    let wrapped: Vec<_> = found.containers.iter().filter_map(|container| wrapped(*container)).collect();
    parts.extend((!wrapped.is_empty()).then(|| wrapped.join(" in ")));
    parts.push(bytes(found.size));
    if let Some(versions) = found.versions.get("scikit-learn") {
        let versions: Vec<_> = versions.iter().map(|version| plain(version)).collect();
        let disagree = if versions.len() > 1 { " (they disagree)" } else { "" };
        parts.push(format!("scikit-learn {}{disagree}", versions.join(" and ")));
    }
    let warning = if worst(found) == Some(Trust::Dangerous) { RED } else { YELLOW };
    let verdict = match runs_on_load(found) {
        Some(what) => painted(warning, what),
        None if instead == Some(Foreign::Cut) => painted(RED, Foreign::Cut.what()),
        None if instead == Some(Foreign::NoModelInside) => painted(YELLOW, "holds no model"),
        None if instead == Some(Foreign::SeveralInside) => painted(YELLOW, "holds several models"),
        None if instead.is_some() => String::new(),
        None if !found.complete => painted(RED, "cannot be read completely"),
        None => String::new(),
    };
    if verdict.is_empty() { parts.join(", ") } else { format!("{}; {verdict}", parts.join(", ")) }
}

fn wrapped(container: Container) -> Option<&'static str> {
    match container {
        Container::Zlib => Some("zlib"),
        Container::Gzip => Some("gzip"),
        Container::Bz2 => Some("bz2"),
        Container::Xz => Some("xz"),
        Container::Lzma => Some("lzma"),
        Container::Lz4 => Some("lz4"),
        Container::ZFile => Some("the ZF format of joblib before 0.10"),
        // The kind says it.
        Container::Zip | Container::Tar => None,
    }
}

/// The globals that are not known, worst first.
fn danger(text: &mut String, found: &Inspection) {
    let mut globals: Vec<&GlobalFact> =
        found.globals().iter().filter(|global| global.trust != Trust::Known).collect();
    globals.sort_by_key(|global| std::cmp::Reverse(global.trust));
    for global in globals.iter().take(MOST_LINES) {
        let (style, why) = match global.trust {
            Trust::Dangerous => (RED, "runs commands or arbitrary code"),
            _ if DILLS_CODE.contains(&global.path().as_str()) => (YELLOW, "code that travels in the file"),
            _ if global.module == "__main__" => (YELLOW, "code of the program that wrote the file"),
            _ => (YELLOW, "code that is not on the list of what artifacts need"),
        };
        let call = match (global.called, global.arguments.first()) {
            (0, _) => "imported on load".to_owned(),
            (_, Some(arguments)) => format!("called on load with {}", plain(arguments)),
            (_, None) => "called on load".to_owned(),
        };
        let path = painted(style, &plain(&global.path()));
        let _ = writeln!(text, "  {} {path} at byte {}: {call}; {why}", painted(style, "!"), global.offset);
    }
    if globals.len() > MOST_LINES {
        let _ = writeln!(text, "  {} and {} more", painted(YELLOW, "!"), globals.len() - MOST_LINES);
    }
    let Some(pickle) = &found.pickle else { return };
    for (count, what) in [
        (pickle.unresolved_globals, "imports whose names cannot be told"),
        (
            pickle.calls_of_results,
            "calls of what another call returned, or with arguments that cannot be told",
        ),
        (pickle.extension_codes, "references through copyreg's registry, which name no module"),
        (pickle.persistent_ids, "persistent ids, which only the program that wrote the file can resolve"),
        (pickle.out_of_band_buffers, "buffers that are not in this file (protocol 5, out of band)"),
    ] {
        if count > 0 && found.kind != ArtifactKind::Unknown {
            let _ = writeln!(text, "  {} {count} {what}", painted(YELLOW, "!"));
        }
    }
}

fn estimators(found: &Inspection) -> String {
    let word = |class: &ClassFact| {
        let versions: Vec<_> = class.versions.keys().map(|version| plain(version)).collect();
        times(&format!("{} {}", plain(&class.name), versions.join(" and ")), class.count)
    };
    // The outermost object gets its state last, but it is made first.
    listed(found.estimators().map(word))
}

fn writer(found: &Inspection, pickle: &PickleFacts) -> String {
    let mut parts = Vec::new();
    let generations: Vec<_> = pickle.numpy.generations.iter().map(String::as_str).collect();
    match generations.as_slice() {
        [] => {}
        ["numpy._core"] => parts.push("numpy 2 (numpy._core)".to_owned()),
        ["numpy.core"] => parts.push("numpy 1 (numpy.core)".to_owned()),
        _ => parts.push("numpy 1 and 2 (numpy.core and numpy._core)".to_owned()),
    }
    if let Some(why) = pickle.python2.first() {
        parts.push(format!("Python 2 ({why})"));
    }
    for (arguments, count) in &pickle.code_objects {
        let python = next::python_of_code(*arguments);
        parts.push(format!(
            "{count} code objects of {python}, whose byte code only the same minor release runs"
        ));
    }
    for pointer in &pickle.pointers {
        let order = if pointer.byte_order == ByteOrder::Big { "big" } else { "little" };
        let machine = format!("a {}-bit {order}-endian machine", pointer.bits);
        if !parts.contains(&machine) {
            parts.push(machine);
        }
    }
    if pickle.pointers.is_empty() && found.arrays.iter().any(|array| array.byte_order == Some(ByteOrder::Big))
    {
        parts.push("a big-endian machine".to_owned());
    }
    parts.join(", ")
}

fn joblib(pickle: &PickleFacts) -> String {
    let Some(joblib) = &pickle.joblib else { return String::new() };
    let mut parts = Vec::new();
    for (count, what) in [
        (joblib.aligned, "behind an alignment pad: joblib 1.2 or later reads it"),
        (joblib.packed, "without a pad"),
        (joblib.objects, "of objects, pickled"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {} {what}", if count == 1 { "array" } else { "arrays" }));
        }
    }
    if !joblib.files.is_empty() {
        let files = listed(joblib.files.iter().map(|file| plain(file)));
        parts.push(format!("arrays in files beside it (joblib before 0.10): {files}"));
    }
    parts.join("; ")
}

fn runs(pickle: &PickleFacts) -> String {
    let all = pickle.globals.len();
    let known = pickle.globals.iter().filter(|global| global.trust == Trust::Known).count();
    let called = pickle.globals.iter().filter(|global| global.called > 0).count();
    if all == 0 {
        return "nothing: it imports nothing".to_owned();
    }
    let rest = if known == all { "all known" } else { "the others are named above" };
    format!("{called} of {all} imported names are called; {known} are known parts of artifacts, {rest}")
}

fn arrays(found: &Inspection) -> String {
    listed(found.arrays.iter().map(|array| {
        let dtype = if array.fields.is_empty() {
            plain(&array.dtype)
        } else {
            let names: Vec<_> = array.fields.iter().map(|field| plain(&field.name)).collect();
            format!("records ({})", names.join(", "))
        };
        let size = if array.bytes > 0 { format!(", {}", bytes(array.bytes)) } else { String::new() };
        match (array.count, array.shapes.as_slice()) {
            (1, [shape]) => format!("{dtype} {shape:?}"),
            (count, _) => format!("{dtype} ({count}{size})"),
        }
    }))
}

fn times(text: &str, count: u64) -> String {
    if count > 1 { format!("{text} ({count})") } else { text.to_owned() }
}

/// The first ones, and how many more.
fn listed(words: impl Iterator<Item = String>) -> String {
    let words: Vec<_> = words.collect();
    let more = words.len().saturating_sub(MOST_LINES);
    let mut text = words[..words.len() - more].join(", ");
    if more > 0 {
        let _ = write!(text, " and {more} more");
    }
    text
}

/// A size for people.
fn bytes(count: u64) -> String {
    const STEPS: [(&str, u64); 3] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000)];
    match STEPS.iter().find(|(_, size)| count >= *size) {
        Some((unit, size)) => format!("{:.1} {unit}", count as f64 / *size as f64),
        None => format!("{count} bytes"),
    }
}
