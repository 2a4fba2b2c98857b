//! Which rule explains a cell that does not work.

use super::packages::{ANY_PACKAGE, speaks_of_what_moved};
use super::rule::{Case, FileCondition, Rule, Targets, fulfilled};
use super::rules;
use super::symptom::{Side, Symptom, differ};
use crate::vocab::{FileFacts, Misread, ObjectFacts, Stage, Verdict};

/// Finds the rules that explain cells between the environments of one run.
#[derive(Clone, Debug)]
pub struct Explainer {
    sides: Vec<Side>,
    /// For each pair of producer and consumer the cases that speak of their versions, in the order of rules.
    cases: Vec<Vec<(&'static Rule, &'static Case)>>,
}

impl Explainer {
    /// For these environments; cells name them by index.
    pub fn new(sides: &[Side]) -> Self {
        let pairs = sides.iter().flat_map(|producer| sides.iter().map(move |consumer| (producer, consumer)));
        let cases = pairs.map(|(producer, consumer)| between(producer, consumer)).collect();
        Self { sides: sides.to_vec(), cases }
    }

    /// The rule that explains a cell, if one does: the first by id of those whose symptom is seen between versions
    /// that it speaks of; what can be seen in the file goes before what is hidden, and general ones come after those that know
    /// the class. What was done to the file comes last: its sound twin may fail for the same reason.
    pub fn explain(&self, symptom: &Symptom<'_>, producer: usize, consumer: usize) -> Option<&'static Rule> {
        let sides = (self.sides.get(producer)?, self.sides.get(consumer)?);
        let cases = self.cases.get(producer * self.sides.len() + consumer)?;
        let found = |damaged: bool, general: bool, hidden: bool| {
            let mut of_kind = cases.iter().filter(|(_, case)| {
                case.damaged == damaged && case.general == general && case.hidden == hidden
            });
            let fits = |(rule, case): &&(&Rule, &Case)| {
                explains(case, symptom) && speaks_of_what_moved(rule, case, symptom, sides)
            };
            of_kind.find(fits).map(|(rule, _)| *rule)
        };
        let any = |damaged: bool, general: bool| {
            found(damaged, general, false).or_else(|| found(damaged, general, true))
        };
        let sound = any(false, false).or_else(|| any(false, true));
        sound.or_else(|| symptom.damaged.then(|| any(true, false)).flatten())
    }
}

/// Whether the message of a failure is that of some rule, whatever the versions.
pub fn is_known(verdict: Verdict, stage: Stage, text: &str) -> bool {
    // Of whichever package a message speaks, only versions tell.
    let cases = rules().iter().filter(|rule| rule.package != ANY_PACKAGE).flat_map(|rule| &rule.cases);
    cases
        .filter(|case| case.verdict == verdict && case.stage == stage && case.raised_in.is_empty())
        .any(|case| case.messages.iter().any(|pattern| pattern.is_match(text)))
}

/// The cases that speak of two environments. Of a reader that could not be made nobody knows any version, and only cases that ask
/// for none speak of it. Of a writer that was not made few packages are known, those that the file records: where a case asks for
/// another one, the words of the failure and the reader say enough; of values nothing does. Such cases come last.
fn between(producer: &Side, consumer: &Side) -> Vec<(&'static Rule, &'static Case)> {
    let speaks = |rule: &Rule, case: &Case| {
        fulfilled(&case.consumer, &consumer.versions) == Some(true)
            && (!case.across_bits || producer.bits != consumer.bits)
            && (!case.across_byte_order || producer.byte_order != consumer.byte_order)
            && (!case.across_versions
                || rule.package == ANY_PACKAGE
                || differ(&rule.package, producer, consumer))
    };
    let of_writer = |case: &Case| match fulfilled(&case.producer, &producer.versions) {
        Some(fits) => fits.then_some(true),
        None => (!case.messages.is_empty() && !is_wordless(case.verdict)).then_some(false),
    };
    let cases = rules().iter().flat_map(|rule| rule.cases.iter().map(move |case| (rule, case)));
    let (known, others): (Vec<_>, Vec<_>) = cases
        .filter(|(rule, case)| speaks(rule, case))
        .filter_map(|(rule, case)| of_writer(case).map(|is_known| (is_known, (rule, case))))
        .partition(|(is_known, _)| *is_known);
    known.into_iter().chain(others).map(|(_, case)| case).collect()
}

fn explains(case: &Case, symptom: &Symptom<'_>) -> bool {
    case.verdict == symptom.verdict
        && case.stage == symptom.stage
        && !(symptom.translated && case.verdict == Verdict::Drift && case.formats.is_empty())
        && (case.formats.is_empty() || case.formats.iter().any(|format| format == symptom.format))
        && (case.signals.is_empty() || symptom.signal.is_some_and(|signal| case.signals.contains(&signal)))
        && (!case.misread || matches!(symptom.misread, Some(Misread::AlignmentPad { .. })))
        && (case.raised_in.is_empty()
            || case.raised_in.iter().any(|module| {
                symptom.module.is_some_and(|raised_in| is_in(raised_in, module))
                    || symptom.frames.last().is_some_and(|frame| is_in(frame, module))
            }))
        && (case.frames.is_empty()
            || case.frames.iter().any(|wanted| symptom.frames.iter().any(|frame| is_in(frame, wanted))))
        && (case.outputs.is_empty()
            || case.outputs.iter().any(|wanted| {
                symptom.outputs.iter().any(|name| name == wanted || name.starts_with(&format!("{wanted}[")))
            }))
        && (case.damaged || is_spoken_of(case, symptom))
        // Last, since the pattern of what none of this speaks of need not be compiled.
        && (case.messages.is_empty()
            || case.messages.iter().any(|pattern| symptom.texts.iter().any(|text| pattern.is_match(text))))
}

/// Whether a case speaks of such a file: of one that nobody could read, the message of an exception is enough.
fn is_spoken_of(case: &Case, symptom: &Symptom<'_>) -> bool {
    if is_wordless(case.verdict) || symptom.file.is_some() { is_about(&case.file, symptom) } else { true }
}

/// Whether a module, or a frame `module:function:line`, is of `module`, of `module:function`, or below `package.*`.
fn is_in(frame: &str, wanted: &str) -> bool {
    let ends: &[char] = if wanted.ends_with(".*") { &[':', '.'] } else { &[':'] };
    let wanted = wanted.trim_end_matches(".*");
    frame.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with(ends))
}

/// Verdicts without a message of their own, or with one that anything may leave: only the file says what they are about.
fn is_wordless(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Drift | Verdict::Crash | Verdict::Timeout | Verdict::OutOfMemory)
}

fn is_about(condition: &FileCondition, symptom: &Symptom<'_>) -> bool {
    match symptom.file {
        Some(file) => holds(condition, file) != Some(false),
        None if *condition == FileCondition::default() => true,
        None => {
            let named = |name: &str| {
                symptom
                    .expression
                    .split(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
                    .any(|word| word == name)
            };
            let names: Vec<&str> = condition
                .classes
                .iter()
                .map(String::as_str)
                .chain(condition.globals.iter().filter_map(|global| Some(global.rsplit_once(':')?.1)))
                .collect();
            names.iter().any(|name| named(name))
        }
    }
}

/// Whether a file is one that a case speaks of; `None` where the facts do not say.
pub(super) fn holds(condition: &FileCondition, file: &FileFacts) -> Option<bool> {
    let absent = || if file.whole { Some(false) } else { None };
    let object = |text: &str, check: &dyn Fn(&ObjectFacts, &str) -> Option<bool>| {
        let (class, name) = text.rsplit_once('.')?;
        match file.objects.get(class) {
            Some(object) => check(object, name),
            None => absent(),
        }
    };
    let mut parts = Vec::new();
    if !condition.globals.is_empty() {
        parts.push(if condition.globals.iter().any(|wanted| file.imports(wanted)) {
            Some(true)
        } else {
            absent()
        });
    }
    if !condition.classes.is_empty() {
        let found = condition.classes.iter().any(|class| file.has_class(class));
        parts.push(if found { Some(true) } else { absent() });
    }
    parts.push(any(&condition.lacks, |text| {
        object(text, &|object, name| {
            // Objects that are not fitted lack what fit makes; that says nothing.
            if object.attributes.contains(name) {
                Some(false)
            } else if object.attributes.is_empty() {
                None
            } else {
                Some(true)
            }
        })
    }));
    parts.push(any(&condition.has, |text| {
        object(text, &|object, name| Some(object.attributes.contains(name)))
    }));
    if !condition.parameters.is_empty() {
        parts.push(one_of(condition.parameters.iter().map(|(key, wanted)| {
            object(key, &|object, name| {
                object.values.get(name).map(|values| wanted.iter().any(|value| has_value(values, value)))
            })
        })));
    }
    if condition.absent.iter().any(|name| file.imports(name)) {
        parts.push(Some(false));
    }
    if condition.unless.iter().any(|class| file.has_class(class)) {
        parts.push(None);
    }
    if let Some(protocol) = condition.protocol {
        parts.push(file.protocol.map(|own| own >= protocol));
    }
    if let Some(wanted) = condition.categories {
        parts.push(file.categories.map(|own| own == wanted));
    }
    if condition.padded {
        parts.push(Some(file.padded == Some(true)));
    }
    if let Some(targets) = condition.targets {
        let fits = |count: &u64| match targets {
            Targets::Two => *count <= 2,
            Targets::Many => *count > 2,
        };
        let objects = condition.classes.iter().filter_map(|class| file.objects.get(class));
        let mut own: Vec<_> = objects
            .map(|object| (!object.targets.is_empty()).then(|| object.targets.iter().any(fits)))
            .collect();
        if own.is_empty() {
            own.push(None);
        }
        parts.push(one_of(own));
    }
    all_of(parts)
}

/// Whether any holds; `None` where that hangs on one that is not known.
fn one_of(parts: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = Some(false);
    for part in parts {
        match part {
            Some(true) => return Some(true),
            Some(false) => {}
            None => known = None,
        }
    }
    known
}

/// Whether all hold; `None` where that hangs on one that is not known.
fn all_of(parts: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    one_of(parts.into_iter().map(|part| part.map(|holds| !holds))).map(|fails| !fails)
}

/// Whether one of the values is the wanted one, or begins with it where it ends in `*`.
fn has_value(values: &std::collections::BTreeSet<String>, wanted: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(start) => values.iter().any(|value| value.starts_with(start)),
        None => values.contains(wanted),
    }
}

fn any(texts: &[String], check: impl Fn(&str) -> Option<bool>) -> Option<bool> {
    if texts.is_empty() { Some(true) } else { one_of(texts.iter().map(|text| check(text))) }
}
