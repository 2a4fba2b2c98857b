//! The opcodes that import something by its name.

use super::input::Stop;
use super::machine::Machine;
use super::roles::Role;
use super::value::{LONGEST_TEXT, Value};

impl Machine<'_, '_> {
    /// Imports a name of a module.
    pub fn import(&mut self, module: &[u8], name: &[u8]) {
        let longest = LONGEST_TEXT;
        let global = if module.len() > longest || name.len() > longest {
            self.facts.pickle.unresolved_globals += 1;
            None
        } else {
            self.facts.global(module, name, self.offset)
        };
        self.stack.push(global.map_or(Value::Opaque, Value::Global));
    }

    /// Imports what two lines name. Of a line that has no end, the reader in Python takes all but the last byte, and
    /// imports the module.
    pub fn import_lines(&mut self) -> Result<(), Stop> {
        let (mut module, mut name) = (Vec::new(), Vec::new());
        const WHAT: &str = "inside a line";
        let read = self.input.line_into(&mut module, WHAT);
        let read = read.and_then(|_| self.input.line_into(&mut name, WHAT));
        if read.is_err() {
            let last = if name.is_empty() { &mut module } else { &mut name };
            last.pop();
        }
        // All readers decode both before they import anything.
        let is_text = |line: &[u8]| match self.opcode {
            b'i' => line.is_ascii(),
            _ => std::str::from_utf8(line).is_ok() || line.len() > LONGEST_TEXT,
        };
        if !is_text(&module) || !is_text(&name) {
            read?;
            return Err(self.malformed("the name of an import is not text"));
        }
        self.import(&module, &name);
        read.map(|_| ())
    }

    /// Imports what two texts on the stack name.
    pub fn stack_global(&mut self) -> Result<(), Stop> {
        let (name, module) = (self.pop()?, self.pop()?);
        let (Value::Text(module), Value::Text(name)) = (module, name) else {
            // What is surely no text ends Python's reading too.
            let unknown = |value| match value {
                Value::Opaque | Value::Forgotten | Value::Scalar { .. } | Value::Text(_) => true,
                Value::Made(_) => matches!(self.role_of(value), Role::Text | Role::Attribute),
                _ => false,
            };
            if unknown(module) && unknown(name) {
                self.facts.pickle.unresolved_globals += 1;
                self.stack.push(Value::Opaque);
                return Ok(());
            }
            return Err(self.malformed("the name of an import is not text"));
        };
        let held = self.texts.get(module).map(<[u8]>::to_vec).zip(self.texts.get(name).map(<[u8]>::to_vec));
        match held {
            Some((module_bytes, name_bytes)) => {
                self.import(&module_bytes, &name_bytes);
                // The facts bound how many different names there are.
                if matches!(self.stack.top(), Ok(Value::Global(_))) && self.texts.pinned() < 1 << 15 {
                    self.texts.pin(module);
                    self.texts.pin(name);
                }
            }
            None => {
                self.facts.pickle.unresolved_globals += 1;
                self.stack.push(Value::Opaque);
            }
        }
        Ok(())
    }
}
