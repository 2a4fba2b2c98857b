//! What a rule says, and how its file is read.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::mends::MENDS;
use super::pattern::Pattern;
use crate::notation::{Requirement, Version, VersionError};
use crate::vocab::{Stage, Verdict, schema_text};

/// One known cause.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The name of its file.
    pub id: &'static str,
    /// One line.
    pub title: String,
    /// Two sentences or so.
    pub cause: String,
    /// What to do next; where a mend exists, what else than a rescue.
    pub remedy: String,
    /// Why no mend can exist for it.
    pub no_mend: Option<String>,
    /// The package whose change it is; [`ANY_PACKAGE`](super::ANY_PACKAGE) for whichever the failing object or name belongs to.
    pub package: String,
    /// Where to read more.
    pub links: Vec<String>,
    /// When it speaks: one entry a symptom and a pair of version ranges.
    pub cases: Vec<Case>,
}

/// One symptom of a rule, between two ranges of versions.
#[derive(Clone, Debug)]
pub struct Case {
    /// The verdict that it predicts.
    pub verdict: Verdict,
    /// The stage that it predicts.
    pub stage: Stage,
    /// What the exception says, as `Type: message`, or an installer or interpreter where an environment cannot be made; any
    /// of them.
    pub messages: Vec<Pattern>,
    /// The signal that ended the process; any of them.
    pub signals: Vec<i32>,
    /// Whether it happens where joblib's alignment pad is misread, whatever that looks like.
    pub misread: bool,
    /// What else people paste when they meet it, too vague to judge a cell by.
    pub pasted: Vec<Pattern>,
    /// The module of the deepest frame, or one that ends in `.*` for whatever is below a package; any of them.
    pub raised_in: Vec<String>,
    /// `module:function` that must be among the deepest frames; any of them.
    pub frames: Vec<String>,
    /// What the environment that wrote the file must fulfil; all of them.
    pub producer: Vec<Requirement>,
    /// What the environment that reads it must fulfil; all of them.
    pub consumer: Vec<Requirement>,
    /// Handlers of the formats in which it happens; empty for all.
    pub formats: Vec<String>,
    /// Whether it happens only between machines of other pointer widths.
    pub across_bits: bool,
    /// Whether it happens only between machines of other byte orders.
    pub across_byte_order: bool,
    /// Whether it happens only between other versions of the rule's package, or of whichever one it speaks of.
    pub across_versions: bool,
    /// Outputs of which at least one must be outside tolerance, for drift; empty for any.
    pub outputs: Vec<String>,
    /// What must be in the file.
    pub file: FileCondition,
    /// Whether it speaks of files that were damaged on purpose, whatever they say.
    pub damaged: bool,
    /// Whether it comes beside another case and is no forecast of its own.
    pub also: bool,
    /// Whether it hangs on something that cannot be seen in the file, so that no forecast is sure of it.
    pub hidden: bool,
    /// Whether it says of a whole kind of change what can be said of each, and speaks where no other case does.
    pub general: bool,
}

/// What must be in the file for a case to happen: every part that is given, and of each any entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileCondition {
    /// Modules (also as parents) that loading imports, or `module:name`.
    pub globals: Vec<String>,
    /// Estimator classes, without their module.
    pub classes: Vec<String>,
    /// `Class.attribute`: an object of the class that lacks the attribute.
    pub lacks: Vec<String>,
    /// `Class.attribute`: an object of the class that has it.
    pub has: Vec<String>,
    /// `Class.parameter` and the values that matter; one that ends in `*` is a beginning.
    pub parameters: BTreeMap<String, Vec<String>>,
    /// The pickle protocol, at least.
    pub protocol: Option<u8>,
    /// Whether joblib's arrays are padded.
    pub padded: bool,
    /// Modules or names that loading must not import.
    pub absent: Vec<String>,
    /// Estimator classes that may use what they hold without the failing part, so that nobody knows.
    pub unless: Vec<String>,
    /// Number of classes that a classifier tells apart.
    pub targets: Option<Targets>,
    /// Whether a booster keeps categories that it was fitted on, or keeps none.
    pub categories: Option<bool>,
}

/// How many classes a classifier tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Targets {
    /// Two.
    Two,
    /// Three or more.
    Many,
}

/// A known cause: why files of one release break, or answer otherwise, in another one. Its name is that of the file.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Cause")]
struct RawRule {
    /// One line, with the release that changed it.
    title: String,
    /// Two sentences or so: what changed, and what that does to files.
    cause: String,
    /// What to do; where a mend exists, what else than a rescue.
    remedy: String,
    /// Why no mend can exist.
    no_mend: Option<String>,
    /// The package whose change it is; `*` for whichever one the class or module belongs to that a message names by a group called
    /// `class` or `module`.
    package: String,
    /// Where to read more.
    links: Vec<String>,
    /// When it speaks.
    when: Vec<RawCase>,
}

/// A symptom, between two ranges of releases, for files with certain things in them. Of each list one entry is enough.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Case")]
struct RawCase {
    /// What the cell comes to; any where it is left out.
    #[schemars(schema_with = "verdicts")]
    verdict: Option<Verdict>,
    /// Where it happens; anywhere where it is left out.
    #[schemars(schema_with = "stages")]
    stage: Option<Stage>,
    /// `Class.attribute` that predicting asks for in vain.
    #[serde(default)]
    attributes: Vec<String>,
    /// Modules that are not there.
    #[serde(default)]
    modules: Vec<String>,
    /// `module:name` that is not there, in a module that is.
    #[serde(default)]
    names: Vec<String>,
    /// Pieces of messages, as regular expressions.
    #[serde(default)]
    messages: Vec<String>,
    /// Signals of which the reader dies.
    #[serde(default)]
    signals: Vec<Signal>,
    /// What a reader that does not know it takes for something else.
    misread: Option<MisreadPart>,
    /// The same for what people paste, where the message of a cell is another one.
    #[serde(default)]
    pasted: Vec<String>,
    /// Modules in which the exception is raised.
    #[serde(default)]
    raised_in: Vec<String>,
    /// Functions through which it comes, as `module:function`.
    #[serde(default)]
    frames: Vec<String>,
    /// The writer's releases, such as `scikit-learn<1.9`.
    #[serde(default)]
    producer: Vec<String>,
    /// The reader's releases.
    #[serde(default)]
    consumer: Vec<String>,
    /// Formats of the file.
    #[serde(default)]
    formats: Vec<String>,
    /// In what writer and reader differ.
    across: Option<Across>,
    /// Outputs of which at least one is outside tolerance, for drift.
    #[serde(default)]
    outputs: Vec<String>,
    /// Modules, with what is below them, or `module:name` that loading imports.
    #[serde(default)]
    globals: Vec<String>,
    /// Estimators in the file, without their modules.
    #[serde(default)]
    classes: Vec<String>,
    /// As `attributes`, where the message is another one.
    #[serde(default)]
    lacks: Vec<String>,
    /// `Class.attribute` that an object in the file has.
    #[serde(default)]
    has: Vec<String>,
    /// `Class.parameter`, and the values that matter; one that ends in `*` is a beginning.
    #[serde(default)]
    parameters: BTreeMap<String, Vec<String>>,
    /// The pickle protocol, at least.
    protocol: Option<u8>,
    /// How joblib lays out the arrays.
    framing: Option<Framing>,
    /// How many classes a classifier tells apart.
    targets: Option<Targets>,
    /// Whether a booster keeps categories that it was fitted on.
    categories: Option<bool>,
    /// It speaks of files that were damaged on purpose.
    #[serde(default)]
    damaged: bool,
    /// It comes beside another case, and is no forecast of its own.
    #[serde(default)]
    also: bool,
    /// It hangs on something that cannot be seen in the file, so that no forecast is sure of it.
    #[serde(default)]
    hidden: bool,
    /// It says of a whole kind of change what can be said of each, and speaks where no other case does.
    #[serde(default)]
    general: bool,
    /// Modules, or `module:name`, that loading must not import.
    #[serde(default)]
    absent: Vec<String>,
    /// Estimators that may use what they hold without the failing part, so that nobody knows.
    #[serde(default)]
    unless: Vec<String>,
}

fn verdicts(_: &mut SchemaGenerator) -> Schema {
    words(Verdict::ALL.iter().map(|it| it.as_str()).collect())
}

fn stages(_: &mut SchemaGenerator) -> Schema {
    words(Stage::ALL.iter().map(|it| it.as_str()).collect())
}

fn words(words: Vec<&str>) -> Schema {
    json_schema!({ "type": "string", "enum": words })
}

/// The JSON schema of a rule's file, as it stands in `schema/rule.schema.json`.
pub fn rule_schema_json() -> String {
    schema_text::<RawRule>()
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Across {
    Bits,
    ByteOrder,
    Versions,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Framing {
    Padded,
}

/// The signals that rules speak of, with their numbers on every Linux architecture that shelflife runs on.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(clippy::enum_variant_names, reason = "signals have these names")]
enum Signal {
    SigIll = 4,
    SigAbrt = 6,
    SigBus = 7,
    SigSegv = 11,
}

/// What a reader misreads.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum MisreadPart {
    AlignmentPad,
}

/// What is wrong with the file of a rule.
#[derive(Debug, thiserror::Error)]
pub(super) enum RuleError {
    /// It is no TOML, or has other keys.
    #[error("{id}: {source}")]
    Toml {
        /// The rule.
        id: &'static str,
        /// What the parser says.
        source: toml::de::Error,
    },
    /// One of its cases makes no sense.
    #[error("{id}, case {index}: {source}")]
    Case {
        /// The rule.
        id: &'static str,
        /// Which case, from 0.
        index: usize,
        /// What is wrong with it.
        source: CaseError,
    },
}

/// What is wrong with one case of a rule.
#[derive(Debug, thiserror::Error)]
pub(super) enum CaseError {
    /// Several kinds of what is missing.
    #[error("give one of attributes, modules, names and messages")]
    SeveralKinds,
    /// Said twice.
    #[error("verdict and stage follow from what is missing")]
    ImpliedVerdict,
    /// Not said at all.
    #[error("verdict and stage are missing")]
    NoVerdict,
    /// A message where there is none, or the other way round.
    #[error("drift has no message, and everything else has one, a signal or a misread part")]
    Messages,
    /// A name that is not written in two parts.
    #[error("`{text}` has no `{at}`")]
    OnePart {
        /// The name.
        text: String,
        /// What should stand between its parts.
        at: char,
    },
    /// A condition that is no requirement.
    #[error(transparent)]
    Requirement(#[from] VersionError),
}

impl Rule {
    /// Whether a mend makes files that it breaks work again. One that can only refuse them does not.
    pub fn has_mend(&self) -> bool {
        self.no_mend.is_none() && self.mend().is_some()
    }

    /// Whether it says of a whole kind of change what can be said of each.
    pub fn is_general(&self) -> bool {
        self.cases.iter().all(|case| case.general)
    }

    /// The Python text of its mend.
    pub(super) fn mend(&self) -> Option<&'static str> {
        MENDS.iter().find(|(id, _)| *id == self.id).map(|(_, text)| *text)
    }

    /// Reads the file of a rule.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(id: &'static str, text: &str) -> Result<Self, RuleError> {
        let raw: RawRule = toml::from_str(text).map_err(|source| RuleError::Toml { id, source })?;
        let cases = raw
            .when
            .into_iter()
            .enumerate()
            .map(|(index, case)| case.compile().map_err(|source| RuleError::Case { id, index, source }))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            id,
            title: raw.title,
            cause: raw.cause,
            remedy: raw.remedy,
            no_mend: raw.no_mend,
            package: raw.package,
            links: raw.links,
            cases,
        })
    }
}

impl RawCase {
    fn compile(self) -> Result<Case, CaseError> {
        let kinds = [&self.attributes, &self.modules, &self.names, &self.messages];
        let given = kinds.iter().filter(|kind| !kind.is_empty()).count();
        if given > 1 {
            return Err(CaseError::SeveralKinds);
        }
        let implied = if !self.attributes.is_empty() {
            Some((Verdict::PredictError, Stage::Predict))
        } else if !self.modules.is_empty() || !self.names.is_empty() {
            Some((Verdict::LoadError, Stage::Resolve))
        } else {
            None
        };
        let (verdict, stage) = match (implied, self.verdict, self.stage) {
            (Some(implied), None, None) => implied,
            (None, Some(verdict), Some(stage)) => (verdict, stage),
            (Some(_), _, _) => return Err(CaseError::ImpliedVerdict),
            (None, _, _) => return Err(CaseError::NoVerdict),
        };
        let mut file = FileCondition {
            globals: self.globals,
            classes: self.classes,
            lacks: self.lacks,
            has: self.has,
            parameters: self.parameters,
            protocol: self.protocol,
            padded: matches!(self.framing, Some(Framing::Padded)),
            absent: self.absent,
            unless: self.unless,
            targets: self.targets,
            categories: self.categories,
        };
        let mut patterns = Vec::new();
        for attribute in &self.attributes {
            let (class, name) = split(attribute, '.')?;
            patterns.push(format!("{} object has no attribute {}", quoted(class), quoted(name)));
        }
        for module in &self.modules {
            patterns.push(format!("No module named {}", quoted(module)));
        }
        for global in &self.names {
            let (module, name) = split(global, ':')?;
            patterns.push(format!(
                "Can't get attribute {} on <module {}|module {} has no attribute {}",
                quoted(name),
                quoted(module),
                quoted(module),
                quoted(name)
            ));
        }
        file.lacks.extend(self.attributes);
        file.globals.extend(self.modules);
        file.globals.extend(self.names);
        patterns.extend(self.messages);
        let is_wordless = patterns.is_empty() && self.signals.is_empty() && self.misread.is_none();
        if !self.damaged && (verdict == Verdict::Drift) != is_wordless {
            return Err(CaseError::Messages);
        }
        Ok(Case {
            verdict,
            stage,
            messages: patterns.into_iter().map(Pattern::new).collect(),
            signals: self.signals.iter().map(|signal| *signal as i32).collect(),
            misread: matches!(self.misread, Some(MisreadPart::AlignmentPad)),
            pasted: self.pasted.into_iter().map(Pattern::new).collect(),
            raised_in: self.raised_in,
            frames: self.frames,
            producer: requirements(&self.producer)?,
            consumer: requirements(&self.consumer)?,
            formats: self.formats,
            across_bits: matches!(self.across, Some(Across::Bits)),
            across_byte_order: matches!(self.across, Some(Across::ByteOrder)),
            across_versions: matches!(self.across, Some(Across::Versions)),
            outputs: self.outputs,
            file,
            damaged: self.damaged,
            // What somebody did to a file afterwards is no forecast.
            also: self.also || self.damaged || self.general,
            hidden: self.hidden,
            general: self.general,
        })
    }
}

/// A name between quotes of any kind, or none where a shell has eaten them. A name without quotes ends where it ends. Names
/// of Python's packages are ASCII, and all letters of Unicode would make each pattern ten times as large.
fn quoted(name: &str) -> String {
    format!(r#"(?:['"`]{0}['"`]|{0}(?:[^0-9A-Za-z_.]|$))"#, regex::escape(name))
}

fn split(text: &str, at: char) -> Result<(&str, &str), CaseError> {
    text.rsplit_once(at).ok_or_else(|| CaseError::OnePart { text: text.to_owned(), at })
}

fn requirements(texts: &[String]) -> Result<Vec<Requirement>, CaseError> {
    texts.iter().map(|text| Ok(text.parse()?)).collect()
}

/// The versions of an environment, `python` among them, as far as they are known.
pub type Versions = BTreeMap<String, Version>;

/// Whether requirements hold: `None` where that hangs on a package whose version is not known.
pub(super) fn fulfilled(requirements: &[Requirement], versions: &Versions) -> Option<bool> {
    let mut known = Some(true);
    for requirement in requirements {
        match versions.get(&requirement.package) {
            Some(version) if requirement.specifiers.matches(version) => {}
            Some(_) => return Some(false),
            None => known = None,
        }
    }
    known
}
