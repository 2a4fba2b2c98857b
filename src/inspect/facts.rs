//! Collects facts while pickles are read. Everything that is kept costs of one budget, so that no file can make the
//! result large; what does not fit any more is counted, and said.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::attributes::{Attribute, AttributePlace, Attributes};
use super::dtype::{self, Dtypes, short};
use super::roles::{Role, role};
use super::trust;
use super::value::Value;
use super::wrappers::wrapper;
use crate::vocab::{
    ArrayFact, AttributeFact, ClassFact, GlobalFact, JoblibFacts, PackageFact, PickleFacts, PointerFact,
    Problem, ProblemKind, Trust,
};

/// Bytes of names and values that the facts of one artifact may take.
const BUDGET: usize = 4 << 20;
/// Problems that are told.
pub(super) const MOST_PROBLEMS: usize = 64;
/// Different globals.
const MOST_GLOBALS: usize = 1 << 14;
/// Groups of arrays.
const MOST_ARRAYS: usize = 1 << 10;
/// Different values, shapes or arguments that are told of one thing.
const MOST_VALUES: usize = 8;
const MOST_ARGUMENTS: usize = 4;
/// Places behind what can be looked at that are kept.
const MOST_BEYOND: usize = 1 << 12;
/// Calls of one global whose arguments are looked at.
const CALLS_LOOKED_AT: u64 = 32;
/// Opcodes that are read of any artifact, and of a larger one for each of its bytes: an uncompressed file never has
/// more than one a byte, and no honest one is compressed so far.
const OPCODES: u64 = 4 << 20;
const OPCODES_OF_A_BYTE: u64 = 16;

/// Collects the facts of all pickles of one artifact.
#[derive(Clone)]
pub(super) struct Collector {
    pub pickle: PickleFacts,
    pub dtypes: Dtypes,
    pub problems: Vec<Problem>,
    by_name: HashMap<Box<[u8]>, u32>,
    roles: Vec<Role>,
    /// Index into the classes by global.
    class_of: Vec<Option<u32>>,
    /// The keys of the states of each class, by its index.
    attributes: Vec<Attributes>,
    arrays: Vec<ArrayFact>,
    array_of: HashMap<(Option<u32>, &'static str), usize>,
    pointers: BTreeSet<PointerFact>,
    python2: BTreeSet<String>,
    /// Globals that run code of the file, whatever their names are.
    dangerous: BTreeSet<u32>,
    /// How often globals with dangerous names are called without harm.
    harmless: BTreeMap<u32, u64>,
    /// How often `pickle.load`'s view of an array of joblib was tried.
    pub looks: u32,
    /// Where readers of pickles go on in different ways, so that no reading is the only one.
    pub disputes: u32,
    /// Where other readers would go on, behind what could be looked at.
    beyond: Vec<u64>,
    /// Opcodes that are read at most.
    pub most_opcodes: u64,
    budget: usize,
    limited: bool,
    has_objects: bool,
}

impl Collector {
    pub fn new() -> Self {
        Self {
            pickle: PickleFacts::default(),
            dtypes: Dtypes::default(),
            problems: Vec::new(),
            by_name: HashMap::new(),
            roles: Vec::new(),
            class_of: Vec::new(),
            attributes: Vec::new(),
            arrays: Vec::new(),
            array_of: HashMap::new(),
            pointers: BTreeSet::new(),
            python2: BTreeSet::new(),
            dangerous: BTreeSet::new(),
            harmless: BTreeMap::new(),
            looks: 0,
            disputes: 0,
            beyond: Vec::new(),
            most_opcodes: OPCODES,
            budget: BUDGET,
            limited: false,
            has_objects: false,
        }
    }

    /// Sets how many opcodes are read of an artifact of so many bytes.
    pub fn allow_opcodes(&mut self, size: u64) {
        self.most_opcodes = OPCODES.max(size.saturating_mul(OPCODES_OF_A_BYTE));
    }

    pub fn problem(&mut self, problem: Problem) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(problem);
        }
    }

    /// Whether so many bytes more may be kept.
    fn afford(&mut self, bytes: usize, offset: u64) -> bool {
        match self.budget.checked_sub(bytes + 64) {
            Some(left) => {
                self.budget = left;
                true
            }
            None => {
                self.limit(offset);
                false
            }
        }
    }

    fn limit(&mut self, offset: u64) {
        if !std::mem::replace(&mut self.limited, true) {
            let what = "more names and values than are kept; what follows is counted in part".to_owned();
            self.problem(Problem { kind: ProblemKind::Limit, offset, what });
        }
    }

    /// An opcode imports something. None where it cannot be kept.
    pub fn global(&mut self, module: &[u8], name: &[u8], offset: u64) -> Option<u32> {
        let mut key = Vec::with_capacity(module.len() + name.len() + 1);
        key.extend_from_slice(module);
        key.push(b'\n');
        key.extend_from_slice(name);
        if let Some(index) = self.by_name.get(key.as_slice()) {
            if let Some(global) = self.pickle.globals.get_mut(*index as usize) {
                global.count += 1;
            }
            return Some(*index);
        }
        if self.pickle.globals.len() >= MOST_GLOBALS || !self.afford(2 * key.len(), offset) {
            self.limit(offset);
            self.pickle.unresolved_globals += 1;
            return None;
        }
        let module = String::from_utf8_lossy(module).into_owned();
        let name = String::from_utf8_lossy(name).into_owned();
        let index = self.pickle.globals.len() as u32;
        self.roles.push(role(&module, &name));
        self.class_of.push(None);
        let arguments = Vec::new();
        self.pickle.globals.push(GlobalFact {
            module,
            name,
            count: 1,
            called: 0,
            trust: Trust::Unknown,
            offset,
            arguments,
        });
        self.by_name.insert(key.into(), index);
        Some(index)
    }

    pub fn role(&self, global: u32) -> Role {
        self.roles.get(global as usize).copied().unwrap_or(Role::Ordinary)
    }

    /// `module.name` of a global.
    pub fn path(&self, global: u32) -> String {
        self.pickle.globals.get(global as usize).map(GlobalFact::path).unwrap_or_default()
    }

    /// Loading calls a global; whether its arguments are worth a look.
    pub fn called(&mut self, global: u32) -> bool {
        let Some(fact) = self.pickle.globals.get_mut(global as usize) else { return false };
        fact.called += 1;
        fact.called <= CALLS_LOOKED_AT && fact.arguments.len() < MOST_ARGUMENTS
    }

    /// A global is given to something that may call it.
    pub fn handed_over(&mut self, global: u32) {
        if let Some(fact) = self.pickle.globals.get_mut(global as usize) {
            fact.called += 1;
        }
    }

    /// Loading changes something that it imports: whoever uses it then, in this file or elsewhere, gets something else.
    pub fn changed(&mut self, global: u32, how: &str, offset: u64) {
        self.handed_over(global);
        self.arguments(global, how.to_owned(), offset);
        self.pickle.calls_of_results += 1;
    }

    /// Another reader would go on at an offset that cannot be looked at.
    pub fn beyond(&mut self, offset: u64) {
        match self.beyond.len() < MOST_BEYOND {
            true => self.beyond.push(offset),
            false => self.pickle.calls_of_results += 1,
        }
    }

    /// The bytes end here: who would go on behind their end does not go on.
    pub fn ended(&mut self, end: u64) {
        self.pickle.calls_of_results += self.beyond.drain(..).filter(|offset| *offset < end).count() as u64;
    }

    /// A call of a dangerous name that does no harm.
    pub fn harmless(&mut self, global: u32) {
        *self.harmless.entry(global).or_default() += 1;
    }

    /// Whether a class is known.
    pub fn is_known_class(&self, global: u32) -> bool {
        let is_class = self.looks_like_a_class(global) || self.role(global) == Role::Distribution;
        is_class && self.pickle.globals.get(global as usize).is_some_and(is_known)
    }

    /// Loading runs code that stands in the file.
    pub fn runs_code(&mut self, global: u32, how: String, offset: u64) {
        self.handed_over(global);
        self.arguments(global, how, offset);
        self.dangerous.insert(global);
    }

    /// Whether a global is written as classes are, so that calling it makes an instance.
    pub fn looks_like_a_class(&self, global: u32) -> bool {
        let fact = self.pickle.globals.get(global as usize);
        fact.is_some_and(|fact| trust::is_class(fact.name.rsplit('.').next().unwrap_or_default()))
    }

    /// How loading calls a global, where that is not yet known.
    pub fn arguments(&mut self, global: u32, arguments: String, offset: u64) {
        let known = |fact: &GlobalFact| fact.arguments.contains(&arguments);
        if self.pickle.globals.get(global as usize).is_none_or(known) || !self.afford(arguments.len(), offset)
        {
            return;
        }
        if let Some(fact) = self.pickle.globals.get_mut(global as usize) {
            fact.arguments.push(arguments);
        }
    }

    /// The facts of a class, which are made at its first instance.
    fn class(&mut self, global: u32, offset: u64) -> Option<&mut ClassFact> {
        let known = *self.class_of.get(global as usize)?;
        let index = match known {
            Some(index) => index,
            None => {
                let fact = self.pickle.globals.get(global as usize)?;
                let (module, name) = (fact.module.clone(), fact.name.clone());
                if !self.afford(module.len() + name.len(), offset) {
                    return None;
                }
                let index = self.pickle.classes.len() as u32;
                self.pickle.classes.push(ClassFact { module, name, ..ClassFact::default() });
                self.attributes.push(Attributes::default());
                *self.class_of.get_mut(global as usize)? = Some(index);
                index
            }
        };
        self.pickle.classes.get_mut(index as usize)
    }

    /// Whether an instance of a class appeared that is no part of arrays and tables, since this was asked last.
    pub fn take_objects(&mut self) -> bool {
        std::mem::take(&mut self.has_objects)
    }

    /// Whether loading would import something, or call what cannot be named.
    pub fn imports_anything(&self) -> bool {
        !self.pickle.globals.is_empty() || self.pickle.hidden() > 0
    }

    /// An instance of a class appears.
    pub fn instance(&mut self, global: u32, offset: u64) {
        self.has_objects |= self.pickle.globals.get(global as usize).is_some_and(|it| !is_plain(&it.module));
        if let Some(class) = self.class(global, offset) {
            class.count += 1;
        }
    }

    /// An instance gets a state dictionary.
    pub fn state(&mut self, global: u32, version: Option<String>, offset: u64) {
        if let Some(class) = self.class(global, offset) {
            class.states += 1;
            if let Some(version) = version
                && (class.versions.len() < MOST_VALUES || class.versions.contains_key(&version))
            {
                *class.versions.entry(version).or_default() += 1;
            }
        }
    }

    /// One key of a state dictionary with its value; where the value is worth a look, its place.
    pub fn attribute(
        &mut self,
        global: u32,
        name: &[u8],
        value: Value,
        offset: u64,
    ) -> Option<AttributePlace> {
        self.class(global, offset)?;
        let class = (*self.class_of.get(global as usize)?)?;
        let attributes = self.attributes.get_mut(class as usize)?;
        let index = match attributes.find(name) {
            Some(index) => index,
            None => {
                if !self.afford(name.len(), offset) {
                    return None;
                }
                let attributes = self.attributes.get_mut(class as usize)?;
                attributes.all.push(Attribute {
                    name: name.into(),
                    fact: AttributeFact::default(),
                    last: None,
                });
                let index = attributes.all.len() - 1;
                attributes.by_name.insert(name.into(), index);
                index
            }
        };
        let attributes = self.attributes.get_mut(class as usize)?;
        attributes.next = index + 1;
        let attribute = attributes.all.get_mut(index)?;
        attribute.fact.count += 1;
        // What a container or a type holds may change, so that the same value need not be the same again.
        let lasting = !matches!(value, Value::Tuple(_) | Value::Dict(_) | Value::Dtype(_));
        let seen = lasting && attribute.last == Some(value);
        attribute.last = lasting.then_some(value);
        (!seen && attribute.fact.values.len() < MOST_VALUES).then_some(AttributePlace { class, index })
    }

    /// How the value at a place is written.
    pub fn attribute_value(
        &mut self,
        place: AttributePlace,
        value: String,
        length: Option<u64>,
        offset: u64,
    ) {
        let at = |facts: &Self| {
            let attributes = facts.attributes.get(place.class as usize)?;
            attributes.all.get(place.index).map(|attribute| attribute.fact.values.contains(&value))
        };
        if at(self) != Some(false) || !self.afford(value.len(), offset) {
            return;
        }
        let attributes = self.attributes.get_mut(place.class as usize);
        if let Some(attribute) = attributes.and_then(|attributes| attributes.all.get_mut(place.index)) {
            attribute.fact.values.push(value);
            attribute.fact.lengths.extend(length);
        }
    }

    /// An array of a type, which is an index into the types.
    pub fn array(
        &mut self,
        dtype: Option<u32>,
        shape: Option<Vec<u64>>,
        fortran: bool,
        source: &'static str,
    ) {
        let index = match self.array_of.get(&(dtype, source)) {
            Some(index) => *index,
            None => {
                if self.arrays.len() >= MOST_ARRAYS {
                    return;
                }
                let known = dtype.and_then(|dtype| self.dtypes.at(dtype)).cloned();
                let unknown = || dtype::Dtype { text: "?".to_owned(), ..dtype::Dtype::default() };
                let known = known.unwrap_or_else(unknown);
                self.budget = self.budget.saturating_sub(known.text.len() * 2);
                self.arrays.push(ArrayFact {
                    dtype: known.text,
                    source: source.to_owned(),
                    count: 0,
                    bytes: 0,
                    fortran: 0,
                    byte_order: known.order,
                    fields: known.fields,
                    item_size: known.item_size.filter(|_| !known.has_object),
                    shapes: Vec::new(),
                });
                self.array_of.insert((dtype, source), self.arrays.len() - 1);
                self.arrays.len() - 1
            }
        };
        let fact = &mut self.arrays[index];
        fact.count += 1;
        fact.fortran += u64::from(fortran);
        let Some(shape) = shape else { return };
        let count = shape.iter().try_fold(1u64, |product, size| product.checked_mul(*size));
        let bytes = count.and_then(|count| count.checked_mul(fact.item_size.unwrap_or(0)));
        fact.bytes = fact.bytes.saturating_add(bytes.unwrap_or(0));
        if fact.shapes.len() < MOST_VALUES && !fact.shapes.contains(&shape) {
            fact.shapes.push(shape);
        }
    }

    pub fn joblib(&mut self) -> &mut JoblibFacts {
        self.pickle.joblib.get_or_insert_default()
    }

    /// Something as wide as a pointer of the producer.
    pub fn pointer(&mut self, dtype: Option<u32>, what: &str) {
        let Some(dtype) = dtype.and_then(|dtype| self.dtypes.at(dtype)) else { return };
        self.pointers.extend(dtype::pointer(&dtype.text, &format!("{what} is {}", dtype.text)));
    }

    pub fn python2(&mut self, why: &str) {
        if self.python2.len() < MOST_VALUES && !self.python2.contains(why) {
            self.python2.insert(short(why, 200));
        }
    }

    /// Everything that was collected, with what follows from the whole.
    pub fn finish(mut self) -> (PickleFacts, Vec<ArrayFact>, Versions) {
        let mut pickle = self.pickle;
        for (class, attributes) in pickle.classes.iter_mut().zip(self.attributes) {
            for attribute in attributes.all {
                let name = String::from_utf8_lossy(&attribute.name).into_owned();
                // Two names that are no text could look the same.
                let fact = class.attributes.entry(name).or_default();
                fact.count += attribute.fact.count;
                fact.values.extend(attribute.fact.values);
                fact.lengths.extend(attribute.fact.lengths);
            }
        }
        let mut packages: BTreeMap<String, u64> = BTreeMap::new();
        for (index, global) in (0u32..).zip(&mut pickle.globals) {
            let harmless = self.harmless.get(&index).is_some_and(|calls| *calls == global.called);
            global.trust = if self.dangerous.contains(&index) {
                Trust::Dangerous
            } else if harmless {
                Trust::Known
            } else {
                trust::trust(&global.module, &global.name, global.called > 0)
            };
            if let Some(package) = wrapper(&global.module) {
                *packages.entry(package.to_owned()).or_default() += 1;
            }
            let module = &global.module;
            if module == "numpy" || module.starts_with("numpy.") {
                pickle.numpy.functions.insert(global.path());
            }
            for generation in ["numpy.core", "numpy._core"] {
                if module
                    .strip_prefix(generation)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                {
                    pickle.numpy.generations.insert(generation.to_owned());
                }
            }
        }
        pickle.wrappers =
            packages.into_iter().map(|(package, globals)| PackageFact { package, globals }).collect();
        self.pointers.extend(self.dtypes.pointers());
        pickle.pointers = self.pointers.into_iter().collect();
        pickle.python2 = self.python2.into_iter().collect();
        let mut versions = Versions::new();
        for version in pickle.classes.iter().flat_map(|class| class.versions.keys()) {
            versions.entry("scikit-learn".to_owned()).or_default().insert(version.clone());
        }
        (pickle, self.arrays, versions)
    }
}

/// Whether the classes of a module are parts of arrays, tables and plain values.
fn is_plain(module: &str) -> bool {
    let top = trust::modern(module).split('.').next().unwrap_or_default();
    let plain =
        ["numpy", "pandas", "collections", "builtins", "datetime", "joblib", "decimal", "copyreg", "pathlib"];
    plain.contains(&top) || module.starts_with("sklearn.externals.joblib")
}

fn is_known(fact: &GlobalFact) -> bool {
    trust::trust(&fact.module, &fact.name, true) == Trust::Known
}

/// Recorded versions by package.
pub(super) type Versions = BTreeMap<String, BTreeSet<String>>;
