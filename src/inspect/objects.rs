//! What calls and states mean: arrays and their types, estimators and their attributes, joblib's arrays between the
//! opcodes.

use super::dtype::{shape_of, short, word};
use super::input::{Stop, stop};
use super::machine::Machine;
use super::roles::Role;
use super::state::{self, Danger};
use super::value::{Span, Value};
use crate::vocab::ProblemKind;

/// The key under which scikit-learn records its version.
const VERSION_KEY: &[u8] = b"_sklearn_version";
/// Bytes of one value or argument that are told.
const LONGEST_VALUE: usize = 80;
/// joblib's pad is at most as long as the alignment that it names.
const LARGEST_ALIGNMENT: i64 = 255;

impl Machine<'_, '_> {
    /// Loading calls something.
    pub fn call(&mut self, callable: Value, arguments: Value) -> Result<(), Stop> {
        let Value::Global(global) = callable else {
            let code = self.role_of(callable) == Role::BuiltinType;
            let known = code && matches!(callable, Value::Made(_));
            if let (true, Value::Tuple(span)) = (known, arguments) {
                self.code_object(span);
            }
            self.facts.pickle.calls_of_results += u64::from(!known);
            self.callbacks(arguments);
            self.stack.push(Value::Opaque);
            return Ok(());
        };
        let span = match arguments {
            Value::Tuple(span) => span,
            _ => Span::EMPTY,
        };
        if !matches!(self.facts.role(global), Role::Keeps | Role::Reconstruct) {
            self.callbacks(arguments);
        }
        let first = self.items.get(span).first().copied().unwrap_or(Value::Opaque);
        let second = self.items.get(span).get(1).copied().unwrap_or(Value::Opaque);
        let look = self.facts.called(global);
        let role = self.facts.role(global);
        let result = match role {
            Role::Dtype => match word(first, &self.texts) {
                Some(code) => self.facts.dtypes.make(&short(&code, 64)),
                None => Value::Opaque,
            },
            Role::Scalar => Value::Scalar { dtype: self.dtype_of(first).into() },
            Role::FromBuffer => {
                let (shape, order) = {
                    let items = self.items.get(span);
                    (items.get(2).copied().unwrap_or(Value::Opaque), items.get(3).copied())
                };
                let fortran = order.and_then(|order| word(order, &self.texts)).as_deref() == Some("F");
                self.array(self.dtype_of(second), shape, fortran, "buffer")
            }
            Role::Encode => self.encoded(span),
            Role::MakesFirst => match first {
                Value::Global(class) => {
                    self.facts.called(class);
                    self.facts.instance(class, self.offset);
                    Value::Made(class)
                }
                _ => {
                    self.facts.pickle.calls_of_results += 1;
                    Value::Opaque
                }
            },
            Role::Attribute => {
                // A method of an instance of a known class; what calls it is another call, and told.
                let harmless = span.len() == 2
                    && matches!(first, Value::Made(class) if self.facts.is_known_class(class))
                    && word(second, &self.texts).is_some_and(|name| !name.starts_with("__"));
                if harmless {
                    self.facts.harmless(global);
                }
                self.setter_of_dill(global, span);
                Value::Made(global)
            }
            Role::SetAttribute => {
                // What dill writes for a class of its own.
                let told = ["__qualname__", "__module__", "__doc__", "__name__"];
                let harmless = self.role_of(first) == Role::MakesClass
                    && matches!(first, Value::Made(_))
                    && word(second, &self.texts).is_some_and(|name| told.contains(&name.as_str()));
                if harmless {
                    self.facts.harmless(global);
                }
                Value::Made(global)
            }
            Role::CallsFirst => {
                // As if it were called here; what it gives has its state already.
                let known = matches!(first, Value::Global(_)) && self.role_of(first) == Role::Reconstruct;
                if !known {
                    self.facts.pickle.calls_of_results += 1;
                }
                self.dill_array(span)
            }
            Role::Import => {
                let names = [first, second].map(|value| word(value, &self.texts));
                let [Some(module), Some(name)] = names else {
                    self.facts.pickle.unresolved_globals += 1;
                    self.stack.push(Value::Opaque);
                    return Ok(());
                };
                self.import(module.as_bytes(), name.as_bytes());
                return Ok(());
            }
            Role::Code => {
                self.code_object(span);
                Value::Made(global)
            }
            Role::DillCode => {
                let has_table = matches!(first, Value::Bytes(_));
                self.code_arguments(span.len() as u32 - u32::from(has_table && span.len() > 16));
                Value::Made(global)
            }
            Role::Tree => {
                if let Value::Array { dtype, .. } = second {
                    self.facts.pointer(dtype.get(), "the tree's number of classes");
                }
                self.facts.instance(global, self.offset);
                Value::Made(global)
            }
            _ => {
                if self.facts.looks_like_a_class(global) {
                    self.facts.instance(global, self.offset);
                }
                Value::Made(global)
            }
        };
        let plain =
            matches!(role, Role::Dtype | Role::Scalar | Role::FromBuffer | Role::Encode | Role::Reconstruct);
        if look && !plain {
            let words: Vec<_> = self
                .items
                .get(span)
                .iter()
                .take(6)
                .map(|value| self.describe(*value, LONGEST_VALUE / 2))
                .collect();
            let more = if span.len() > 6 { ", ..." } else { "" };
            self.facts.arguments(global, format!("({}{more})", words.join(", ")), self.offset);
        }
        self.stack.push(result);
        Ok(())
    }

    /// The array that dill makes of a function, its arguments, and the state of the array.
    fn dill_array(&mut self, arguments: Span) -> Value {
        let state = self.items.get(arguments).get(2).copied();
        let Some(Value::Tuple(state)) = state else { return Value::Opaque };
        let at = |index: usize| self.items.get(state).get(index).copied().unwrap_or(Value::Opaque);
        let (shape, dtype, fortran) = (at(1), at(2), at(3) == Value::Bool(true));
        self.array(self.dtype_of(dtype), shape, fortran, "pickle")
    }

    /// `getattr(dill._dill, '_setattr', setattr)`, which dill writes for every class and recursive function of its own:
    /// looking it up does nothing, and what it is called with is the call of a result.
    fn setter_of_dill(&mut self, getattr: u32, arguments: Span) {
        let &[Value::Global(module), name, Value::Global(default)] = self.items.get(arguments) else {
            return;
        };
        let is_setter = self.facts.path(module) == "dill._dill"
            && word(name, &self.texts).as_deref() == Some("_setattr")
            && self.facts.role(default) == Role::SetAttribute;
        if is_setter {
            [getattr, module, default].into_iter().for_each(|global| self.facts.harmless(global));
        }
    }

    /// A function among the arguments of a call may be called in turn, and arguments that are not told may hold one.
    fn callbacks(&mut self, arguments: Value) {
        let Value::Tuple(span) = arguments else {
            self.facts.pickle.calls_of_results += 1;
            return;
        };
        for value in self.items.get(span) {
            if let Value::Global(global) = value
                && !self.facts.looks_like_a_class(*global)
            {
                self.facts.handed_over(*global);
            }
            // A method may be called as well.
            if matches!(value, Value::Made(_)) && self.role_of(*value) == Role::Attribute {
                self.facts.pickle.calls_of_results += 1;
            }
        }
    }

    /// What `_codecs.encode` gives: bytes of the encodings that pickles use, and anything of others, text too.
    fn encoded(&self, arguments: Span) -> Value {
        match *self.items.get(arguments) {
            [_, encoding] if word(encoding, &self.texts).as_deref() == Some("latin1") => Value::Bytes(0),
            _ => Value::Opaque,
        }
    }

    /// Arguments by name that a class is made with.
    pub fn named_arguments(&mut self, arguments: Value) {
        let held = match arguments {
            Value::Dict(index) => self.items.dict(index).map(<[Value]>::to_vec),
            _ => None,
        };
        let span = held.and_then(|held| self.items.hold(&held));
        self.callbacks(span.map_or(Value::Opaque, Value::Tuple));
    }

    /// An instance is made without calling its `__init__`.
    pub fn new_object(&mut self, class: Value, arguments: Value) {
        if !matches!(self.role_of(class), Role::Keeps) {
            self.callbacks(arguments);
        }
        match class {
            Value::Global(global) => {
                self.facts.called(global);
                self.facts.instance(global, self.offset);
                self.stack.push(Value::Made(global));
            }
            _ => {
                self.facts.pickle.calls_of_results += 1;
                self.stack.push(Value::Opaque);
            }
        }
    }

    fn code_object(&mut self, arguments: Span) {
        self.code_arguments(arguments.len() as u32);
    }

    fn code_arguments(&mut self, count: u32) {
        if self.facts.pickle.code_objects.len() < 16 || self.facts.pickle.code_objects.contains_key(&count) {
            *self.facts.pickle.code_objects.entry(count).or_default() += 1;
        }
    }

    /// The type that a value names.
    fn dtype_of(&self, value: Value) -> Option<u32> {
        match value {
            Value::Dtype(instance) => self.facts.dtypes.index(instance),
            _ => None,
        }
    }

    fn array(&mut self, dtype: Option<u32>, shape: Value, fortran: bool, source: &'static str) -> Value {
        let shape = shape_of(shape, &self.items);
        let dimensions = shape.as_ref().map_or(0, |shape| shape.len() as u8);
        let rows = shape.as_ref().and_then(|shape| shape.first().copied()).unwrap_or_default();
        let rows = u32::try_from(rows).unwrap_or(u32::MAX);
        self.facts.array(dtype, shape, fortran, source);
        Value::Array { dtype: dtype.into(), dimensions, rows }
    }

    /// The uppermost value gets its state.
    pub fn build(&mut self, state: Value) -> Result<(), Stop> {
        let target = self.top()?;
        match (target, state) {
            (Value::Dtype(instance), Value::Tuple(span)) => {
                let state = self.items.get(span);
                self.facts.dtypes.build(instance, state, &self.items, &self.texts);
            }
            (Value::Made(global), _) => match (self.facts.role(global), state) {
                // (version, shape, type, column by column, bytes or list)
                (Role::Reconstruct, Value::Tuple(span)) => {
                    let items = self.items.get(span);
                    let at = |index: usize| items.get(index).copied().unwrap_or(Value::Opaque);
                    let (shape, dtype, fortran) = (at(1), at(2), at(3) == Value::Bool(true));
                    let array = self.array(self.dtype_of(dtype), shape, fortran, "pickle");
                    self.stack.set_top(array);
                }
                (Role::Wrapper, Value::Dict(state)) if self.outermost => self.joblib_array(state)?,
                (Role::Wrapper, _) if self.outermost => {
                    return Err(self.unreadable_wrapper("the state of joblib's array wrapper"));
                }
                (Role::FileWrapper, Value::Dict(state)) => {
                    // `numpy.load` takes whatever is in that file, a pickle too.
                    self.facts.pickle.calls_of_results +=
                        u64::from(!self.facts.path(global).ends_with(".ZNDArrayWrapper"));
                    self.joblib_file(state);
                }
                (Role::NeighbourTree, Value::Tuple(span)) => {
                    if let Some(Value::Array { dtype, .. }) = self.items.get(span).get(1) {
                        self.facts.pointer(dtype.get(), "the index array of a neighbours' tree");
                    }
                    self.object_state(global, state);
                }
                _ => self.object_state(global, state),
            },
            // A state for a class or function itself changes it for the whole process.
            (Value::Global(global), _) => {
                self.facts.changed(global, "(attributes are set on it)", self.offset);
            }
            // Whatever it is may have a `__setstate__`.
            (Value::Opaque | Value::Forgotten, _) => self.facts.pickle.calls_of_results += 1,
            _ => {}
        }
        Ok(())
    }

    /// Records the state of an instance: a dictionary, or a pair of one and the values of slots.
    fn object_state(&mut self, global: u32, state: Value) {
        let dicts = match state {
            Value::Dict(state) => [Some(state), None],
            Value::Tuple(pair) => match *self.items.get(pair) {
                [Value::Dict(state), Value::Dict(slots)] => [Some(state), Some(slots)],
                [Value::None, Value::Dict(slots)] => [None, Some(slots)],
                _ => [None, None],
            },
            _ => [None, None],
        };
        let mut version = None;
        let mut told = dicts.iter().any(Option::is_some) && !self.lost;
        for dict in dicts.into_iter().flatten() {
            let count = self.items.dict(dict).map(<[Value]>::len);
            told &= count.is_some();
            for index in 0..count.unwrap_or_default() / 2 {
                let pair = self.items.dict(dict).unwrap_or_default();
                let (key, value) = (pair[2 * index], pair[2 * index + 1]);
                let key = match key {
                    Value::Text(key) => self.texts.get(key),
                    _ => None,
                };
                let Some(key) = key else {
                    told = false;
                    continue;
                };
                if key == VERSION_KEY {
                    version = word(value, &self.texts).map(|version| short(&version, 64));
                }
                let danger = state::danger(key, value, &self.texts);
                if let Some(place) = self.facts.attribute(global, key, value, self.offset) {
                    let text = self.describe(value, LONGEST_VALUE);
                    self.facts.attribute_value(place, text, length(value), self.offset);
                }
                match danger {
                    Some(Danger::Code) => {
                        let what = "(its state holds code that it runs)".to_owned();
                        self.facts.runs_code(global, what, self.offset);
                    }
                    Some(Danger::Called) => match value {
                        Value::Global(called) => self.facts.handed_over(called),
                        _ => self.facts.pickle.calls_of_results += 1,
                    },
                    None => {}
                }
            }
        }
        // Some run text of their state as code: it must be seen that it is theirs.
        let untold = !told && !matches!(state, Value::Tuple(_) | Value::None | Value::Bytes(_));
        if untold && self.facts.role(global) == Role::Distribution {
            self.facts.runs_code(global, "(a state that cannot be told)".to_owned(), self.offset);
        } else if matches!(state, Value::Forgotten | Value::Made(_)) {
            self.facts.pickle.calls_of_results += 1;
        }
        if dicts.iter().any(Option::is_some) {
            self.facts.state(global, version, self.offset);
        }
    }

    /// A value in Python's notation, shortened.
    fn describe(&self, value: Value, longest: usize) -> String {
        let dtype = |dtype: Option<u32>| {
            let known = dtype.and_then(|dtype| self.facts.dtypes.at(dtype));
            known.map_or("?".to_owned(), |dtype| short(&dtype.text, longest))
        };
        match value {
            Value::Opaque | Value::Forgotten => "?".to_owned(),
            Value::None => "None".to_owned(),
            Value::Bool(true) => "True".to_owned(),
            Value::Bool(false) => "False".to_owned(),
            Value::Int(number) => number.to_string(),
            Value::Float(number) => format!("{number:?}"),
            Value::Text(_) => match word(value, &self.texts) {
                Some(text) => format!("'{}'", short(&text, longest)),
                None => "str".to_owned(),
            },
            Value::Bytes(_) => "bytes".to_owned(),
            Value::Tuple(span) => {
                let simple = |value: &Value| match value {
                    Value::Tuple(_) => "tuple".to_owned(),
                    value => self.describe(*value, longest / 4),
                };
                let words: Vec<_> = self.items.get(span).iter().take(4).map(simple).collect();
                let more = if span.len() > 4 { ", ..." } else { "" };
                format!("({}{more})", words.join(", "))
            }
            Value::List => "list".to_owned(),
            Value::Set => "set".to_owned(),
            Value::Dict(_) => "dict".to_owned(),
            Value::Global(global) => short(&self.facts.path(global), 2 * longest),
            Value::Made(global) => format!("<{}>", short(&self.facts.path(global), 2 * longest)),
            Value::Dtype(instance) => {
                format!("dtype {}", dtype(self.facts.dtypes.index(instance)))
            }
            Value::Array { dtype: index, dimensions, .. } => {
                let length = length(value).map_or_else(String::new, |length| format!(" of {length}"));
                format!("ndarray {} {dimensions}d{length}", dtype(index.get()))
            }
            Value::Scalar { dtype: index } => format!("scalar {}", dtype(index.get())),
        }
    }

    fn unreadable_wrapper(&self, what: &str) -> Stop {
        let what = format!("{what} cannot be read, so nothing says where the array behind it ends");
        stop(ProblemKind::Malformed, self.offset, what)
    }

    /// The value of a key of a dictionary.
    fn field(&self, dictionary: u32, key: &str) -> Option<Value> {
        let mut pairs = self.items.dict(dictionary)?.chunks_exact(2);
        // The last one wins, as in Python.
        pairs.rfind(|pair| word(pair[0], &self.texts).as_deref() == Some(key)).map(|pair| pair[1])
    }

    /// joblib's wrapper got its state: the bytes of its array stand here, between the opcodes.
    fn joblib_array(&mut self, state: u32) -> Result<(), Stop> {
        if self.input.offset() < self.frame_end {
            return Err(
                self.malformed("joblib's array stands within a frame, where joblib does not look for it")
            );
        }
        // What counts as the same key to Python decides which value is the last.
        let is_told = |pair: &[Value]| word(pair[0], &self.texts).is_some();
        if !self.items.dict(state).is_some_and(|pairs| pairs.chunks_exact(2).all(is_told)) {
            return Err(self.unreadable_wrapper("a key of the state of joblib's array"));
        }
        let Some(dtype) = self.field(state, "dtype").and_then(|value| self.dtype_of(value)) else {
            return Err(self.unreadable_wrapper("the type of joblib's array"));
        };
        let Some(known) = self.facts.dtypes.at(dtype).cloned() else {
            return Err(self.unreadable_wrapper("the type of joblib's array"));
        };
        let shape_value = self.field(state, "shape").unwrap_or(Value::Opaque);
        let Some(shape) = shape_of(shape_value, &self.items) else {
            return Err(self.unreadable_wrapper("the shape of joblib's array"));
        };
        let fortran =
            self.field(state, "order").and_then(|order| word(order, &self.texts)).as_deref() == Some("F");
        let alignment = match self.field(state, "numpy_array_alignment_bytes") {
            Some(Value::Int(bytes @ 1..=LARGEST_ALIGNMENT)) => Some(bytes as u64),
            None | Some(Value::None) => None,
            Some(_) => return Err(self.unreadable_wrapper("the alignment of joblib's array")),
        };
        let array = self.array(Some(dtype), shape_value, fortran, "joblib");
        if known.has_object {
            self.facts.joblib().objects += 1;
            self.other_view(true)?;
            let nested = Machine::new(self.input, self.facts, false).read();
            if let Some(stopped) = nested.stopped {
                return Err(stopped);
            }
        } else {
            let Some(size) = known.item_size else {
                return Err(self.unreadable_wrapper("the type of joblib's array"));
            };
            let bytes = shape.iter().try_fold(size, |product, size| product.checked_mul(*size));
            let Some(bytes) = bytes else {
                return Err(self.malformed("the shape of an array is larger than any memory"));
            };
            self.other_view(false)?;
            self.stack.set_top(array);
            self.array_bytes(bytes, alignment)?;
        }
        self.stack.set_top(array);
        Ok(())
    }

    /// The bytes of an array, with the pad before them.
    fn array_bytes(&mut self, bytes: u64, alignment: Option<u64>) -> Result<(), Stop> {
        const WHAT: &str = "inside an array";
        let Some(alignment) = alignment else {
            self.facts.joblib().packed += 1;
            return self.input.skip(bytes, WHAT);
        };
        self.facts.joblib().aligned += 1;
        if self.facts.joblib().alignments.len() < 8 {
            self.facts.joblib().alignments.insert(alignment);
        }
        let Some(pad) = self.input.peek(1)?.first().copied() else {
            return self.input.byte("before the pad of an array").map(|_| ());
        };
        self.input.skip(bytes, WHAT)?;
        self.old_view(1 + usize::from(pad))?;
        self.input.skip(1 + u64::from(pad), WHAT)
    }

    /// joblib before 0.10: the array is in a file beside this one.
    fn joblib_file(&mut self, state: u32) {
        let name = self.field(state, "filename").and_then(|name| word(name, &self.texts));
        let name = name.unwrap_or_else(|| "?".to_owned());
        if self.facts.joblib().files.len() < 64 {
            self.facts.joblib().files.push(short(&name, 200));
        }
        self.stack.set_top(Value::Array { dtype: None.into(), dimensions: 0, rows: 0 });
    }
}

/// The length of a vector: of classes, it tells how many a classifier has.
fn length(value: Value) -> Option<u64> {
    match value {
        Value::Array { dimensions: 1, rows, .. } if rows < u32::MAX => Some(rows.into()),
        _ => None,
    }
}
