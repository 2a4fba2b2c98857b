//! The page of one rescue, for somebody who has never seen shelflife: what was changed, why it can be trusted, and what is
//! not the same any more.

use super::super::probed::{grouped, probes as probes_words};
use super::blocks::{Block, Span, code, words};
use super::words as say;
use crate::explain;
use crate::format;
use crate::vocab::{Change, Holds, RescueRecord, RescueResult, Verification, Way, Wrapping};

/// Changes that a page lists; the record has them all.
const MOST_CHANGES: usize = 60;

/// The title and the blocks of the page.
pub(super) fn page(record: &RescueRecord) -> (String, Vec<Block>) {
    let target = say::environment(&record.target);
    let name = record.rescued.as_ref().map_or(&record.original.path, |file| &file.path);
    let title = match &record.result {
        RescueResult::Rescued { way: Way::AsItIs, .. } => format!("{name} works as it is with {target}"),
        RescueResult::Rescued { .. } => format!("{name}: a saved model, made to work with {target}"),
        RescueResult::Refused { .. } => format!("{name} could not be made to work with {target}"),
    };
    let mut blocks = Vec::new();
    if let RescueResult::Rescued { unproven: Some(why), .. } = &record.result {
        blocks.push(Block::Notice(vec![words(format!(
            "Nothing proves that this file predicts what the original did: {}.",
            say::no_proof(*why)
        ))]));
    }
    blocks.push(Block::Text(summary(record)));
    usage(record, &mut blocks);
    trust(record, &mut blocks);
    changes(record, &mut blocks);
    blocks.push(Block::Heading("What is not the same any more"));
    blocks.push(Block::List(say::not_the_same(record).into_iter().map(|text| vec![words(text)]).collect()));
    digests(record, &mut blocks);
    (title, blocks)
}

fn summary(record: &RescueRecord) -> Vec<Span> {
    let mut spans = vec![words("The model "), code(&record.original.path)];
    match &record.producer {
        Some(producer) => spans.push(words(format!(" was saved with {}. ", say::environment(producer)))),
        None => spans.push(words(" does not say what saved it. ")),
    }
    if let Some(before) = &record.before {
        spans.push(words(format!("With {} it {}. ", say::environment(&record.target), say::did(before))));
    }
    if matches!(record.result, RescueResult::Rescued { way: Way::Mended, .. }) {
        spans.push(words(
            "shelflife has read it in the new environment, corrected what the new release keeps in another way, and saved \
             it again. Nothing was trained: every learned number is that of the original. ",
        ));
    }
    if let Some(translation) = &record.translation {
        let written_in = &translation.written_in;
        spans.push(words(match translation.holds {
            Holds::Translation => format!(
                "shelflife has read it in the environment that made it, where it works, and translated it there ({written_in}) \
                 to another format: {}. Nothing was trained. ",
                translation.about
            ),
            Holds::Estimator => format!(
                "shelflife has saved it in another format, with {written_in}: {}. Nothing was trained: every learned number is \
                 that of the original. ",
                translation.about
            ),
        }));
    }
    let evidence = say::evidence(record);
    if !evidence.is_empty() {
        spans.push(words(format!("The new file gives {evidence}.")));
    }
    spans
}

/// How files of a handler are read, where `NAME` is the name of the file as Python writes it.
const USAGE: [(&str, &str); 6] = [
    ("joblib", "import joblib\n\nmodel = joblib.load(NAME)"),
    ("pickle", "import pickle\n\nwith open(NAME, \"rb\") as source:\n    model = pickle.load(source)"),
    ("dill", "import dill\n\nwith open(NAME, \"rb\") as source:\n    model = dill.load(source)"),
    (
        "skops",
        "import skops.io\n\n# Look at the types before you trust them.\n\
         types = skops.io.get_untrusted_types(file=NAME)\nmodel = skops.io.load(NAME, trusted=types)",
    ),
    (
        "onnx",
        "import onnxruntime\n\nsession = onnxruntime.InferenceSession(NAME)\n\
         inputs = [(one.name, one.type, one.shape) for one in session.get_inputs()]",
    ),
    ("json_params", "import json\n\nwith open(NAME) as source:\n    numbers = json.load(source)"),
];

fn usage(record: &RescueRecord, blocks: &mut Vec<Block>) {
    let Some(file) = &record.rescued else { return };
    if let Some(wrapping) = record.wrapping {
        let how = match wrapping {
            Wrapping::Folder => {
                "It is a folder as the original is, and is read as that was. What stands in it beside the model was not \
                 changed: requirements that name the old releases still do."
            }
            Wrapping::Archive => {
                "It is an archive as the original is, with the new model in the place of the old one, and is read as that \
                 was. Nothing else in it was changed: a list of checksums still has the old one."
            }
        };
        blocks.push(Block::Text(vec![words(how)]));
        return;
    }
    let handler = format::find(file.format.as_str()).map_or("pickle", |row| row.handler);
    let Some((_, code)) = USAGE.iter().find(|(name, _)| *name == handler).or(USAGE.get(1)) else { return };
    let read = code.replace("NAME", &format!("{:?}", file.path));
    let is_model = record.translation.as_ref().is_none_or(|it| it.holds == Holds::Estimator);
    let how = if is_model { "as any other saved model" } else { "as any other file of its format" };
    blocks.push(Block::Text(vec![words(format!("It is read {how}, without shelflife:"))]));
    blocks.push(Block::Code("python", read));
}

fn trust(record: &RescueRecord, blocks: &mut Vec<Block>) {
    if record.verified.is_empty() {
        return;
    }
    blocks.push(Block::Heading("Why it can be trusted"));
    let target = say::environment(&record.target);
    if let Some(producer) = record.producer.as_ref().filter(|producer| producer.lock.is_some()) {
        blocks.push(Block::Text(vec![words(format!(
            "The environment that saved the model was made again ({}), the original file was loaded there, and its outputs \
             were written down. The new file was loaded in a fresh process with {target} that has never seen shelflife's \
             corrections, given the same rows, and every number was compared.",
            say::environment(producer)
        ))]));
    } else {
        blocks.push(Block::Text(vec![words(format!(
            "The new file was loaded in a fresh process with {target}, and its outputs were compared with the expected ones."
        ))]));
    }
    let rows = record.verified.iter().flat_map(verification_rows).collect();
    blocks.push(Block::Table(vec!["Inputs", "Rows", "Output", "Values", "Largest difference"], rows));
    if let Some(probes) = &record.probes {
        blocks.push(Block::Text(vec![words(format!(
            "Probes are {}. They are there because friendly data hides mistakes: a wrong branch of a tree shows only on \
             rows that reach it.",
            probes_words(probes)
        ))]));
    }
}

fn verification_rows(verification: &Verification) -> Vec<Vec<Vec<Span>>> {
    let inputs = vec![words(say::origin(verification))];
    let rows = vec![words(grouped(verification.rows))];
    if verification.tried.outputs.is_empty() {
        let did = format!("the file {}", say::did(&verification.tried));
        return vec![vec![inputs, rows, vec![words("-")], vec![words("-")], vec![words(did)]]];
    }
    let row = |(name, facts): (&String, &crate::vocab::OutputComparison)| {
        vec![
            inputs.clone(),
            rows.clone(),
            vec![code(name)],
            vec![words(grouped(facts.elements))],
            vec![words(say::difference(facts))],
        ]
    };
    verification.tried.outputs.iter().map(row).collect()
}

fn changes(record: &RescueRecord, blocks: &mut Vec<Block>) {
    if record.changes.is_empty() {
        return;
    }
    blocks.push(Block::Heading("What was changed"));
    let rows = record.changes.iter().take(MOST_CHANGES).map(change_row).collect();
    blocks.push(Block::Table(vec!["Where", "What", "Times", "Keeps", "Known cause"], rows));
    let more = record.changes.len().saturating_sub(MOST_CHANGES);
    if more > 0 {
        blocks.push(Block::Text(vec![words(format!(
            "And {more} more, which the record beside this page lists."
        ))]));
    }
    let is_known = |change: &Change| explain::find(&change.mend).is_some();
    if record.changes.iter().any(is_known) {
        blocks.push(Block::Text(vec![
            code("shelflife explain NAME"),
            words(" says why each known cause exists, and where it was measured."),
        ]));
    }
    if record.changes.iter().any(|change| change.mend == "generic") {
        blocks.push(Block::Text(vec![words(
            "Generic means: a parameter that the new release has and the old one did not was given its default.",
        )]));
    }
    if let Some(keys) = &record.keys {
        blocks.push(Block::Text(vec![words(format!(
            "Every attribute of every object is accounted for: {} kept, {} renamed, {} left out, {} kept that the new \
             release does not read.",
            grouped(keys.kept),
            keys.renamed.len(),
            keys.dropped.len(),
            keys.unread.len()
        ))]));
    }
}

fn change_row(change: &Change) -> Vec<Vec<Span>> {
    let place = match &change.path {
        Some(path) if path.is_empty() => vec![words("the model, "), code(&change.class)],
        Some(path) => vec![code(path), words(", "), code(&change.class)],
        None => vec![code(&change.class)],
    };
    vec![
        place,
        vec![words(&*change.what)],
        vec![words(grouped(change.count))],
        vec![words(say::exactness(change.exactness))],
        // Some mends are of what no rule speaks of yet.
        vec![if explain::find(&change.mend).is_some() { code(&change.mend) } else { words(&*change.mend) }],
    ]
}

fn digests(record: &RescueRecord, blocks: &mut Vec<Block>) {
    blocks.push(Block::Heading("Which files and environments"));
    let file = |name: &str, file: &crate::vocab::RescueFile| {
        vec![
            vec![words(name)],
            vec![code(&file.path)],
            vec![words(format!("{} bytes, {}", grouped(file.size), file.format))],
            vec![code(file.digest.to_string())],
        ]
    };
    let environment = |name: &str, it: &crate::vocab::RescueEnvironment| {
        vec![
            vec![words(name)],
            vec![words(say::environment(it))],
            vec![words(format!("{} packages", it.packages.len()))],
            vec![it.lock.map_or_else(|| words("not made"), |lock| code(lock.to_string()))],
        ]
    };
    let mut rows = vec![file("original", &record.original)];
    rows.extend(record.rescued.as_ref().map(|it| file("rescued", it)));
    rows.extend(record.producer.as_ref().map(|it| environment("saved with", it)));
    rows.push(environment("read with", &record.target));
    blocks.push(Block::Table(
        vec!["", "Name", "What", "BLAKE3 of the file, or of the environment's lock"],
        rows,
    ));
    blocks.push(Block::Text(vec![words(format!(
        "Written by shelflife {} at {}. The record beside this page holds the same facts for programs.",
        record.shelflife, record.time
    ))]));
}
