//! What `pickle.load` would make of the bytes that joblib puts between the opcodes.
//!
//! joblib takes them for an array, `pickle.load` goes on reading opcodes. A file could be an honest array to one and a
//! command to the other, so the other view is tried too. Bytes of arrays hardly ever get far as opcodes.

use std::io::Cursor;

use super::input::{Input, Stop};
use super::machine::Machine;
use super::source::Sequential;
use super::trust::trust;
use crate::vocab::{ProblemKind, Trust};

/// Bytes that are looked at.
const AHEAD: usize = 64 << 10;
/// Looks in one artifact; more are not taken, and said.
const MOST_LOOKS: u32 = 4096;

impl Machine<'_, '_> {
    /// Reads on as `pickle.load` does, on copies of everything; `length` bytes are those of an array.
    pub fn other_view(&mut self, length: u64, nested: bool) -> Result<(), Stop> {
        let bytes = self.input.peek(AHEAD)?;
        if !nested && !gets_anywhere(bytes) {
            return Ok(());
        }
        let bytes = bytes.to_vec();
        self.facts.looks += 1;
        if self.facts.looks > MOST_LOOKS {
            self.facts.pickle.calls_of_results += 1;
            return Ok(());
        }
        let count = bytes.len() as u64;
        let mut input = Input::new(Box::new(Sequential(Cursor::new(bytes))));
        let mut facts = self.facts.clone();
        let unresolved = facts.pickle.unresolved_globals;
        let mut view = Machine::new(&mut input, &mut facts, false);
        view.stack = self.stack.clone();
        view.texts = self.texts.clone();
        view.items = self.items.clone();
        view.memo = self.memo.clone();
        let stopped = view.read().stopped;
        // A text or bytes that reach beyond what was looked at, but not beyond the array, hide what comes behind.
        let hides = stopped.is_some_and(|stopped| stopped.kind == ProblemKind::Truncated) && {
            let end = input.announced_end();
            end > count && end < length || end == 0 && count == AHEAD as u64 && length > count
        };
        let before = &self.facts.pickle.globals;
        let mut found = Vec::new();
        for (index, global) in facts.pickle.globals.iter().enumerate() {
            let calls = before.get(index).map_or(0, |before| before.called);
            let worst = match before.get(index) {
                Some(_) if global.called == calls => continue,
                _ => trust(&global.module, &global.name, global.called > calls),
            };
            if worst == Trust::Dangerous || (worst == Trust::Unknown && !nested) {
                found.push((global.module.clone(), global.name.clone(), global.called > calls));
            }
        }
        for (module, name, called) in found {
            if let Some(global) = self.facts.global(module.as_bytes(), name.as_bytes(), self.offset) {
                if called {
                    self.facts.handed_over(global);
                }
                let how = "(by pickle.load, in what joblib takes for an array)".to_owned();
                self.facts.arguments(global, how, self.offset);
            }
        }
        // Chance may make a call of something odd, but no import.
        if !nested && (hides || facts.pickle.unresolved_globals > unresolved) {
            self.facts.pickle.calls_of_results += 1;
        }
        Ok(())
    }
}

/// What follows an opcode.
enum Argument {
    Bytes(usize),
    Counted(usize),
    Lines(usize),
}

/// Whether bytes that are read as opcodes come to one that imports or calls something, before one that makes no sense.
fn gets_anywhere(bytes: &[u8]) -> bool {
    let mut at = 0;
    // Behind the state of an array's wrapper stands the wrapper: what calls needs something else on top.
    let mut moved = false;
    while let Some(opcode) = bytes.get(at) {
        at += 1;
        let argument = match opcode {
            b'c' | b'i' => return lines_are_names(&bytes[at..]),
            0x93 | b'R' | b'o' | 0x81 | 0x92 | b'b' if moved => return true,
            b'.' => return false,
            b'('
            | b'0'
            | b'1'
            | b'2'
            | b'N'
            | 0x85..=0x89
            | b')'
            | b']'
            | b'}'
            | b'l'
            | b'd'
            | b't'
            | b'a'
            | b'e'
            | b's'
            | b'u'
            | 0x8f
            | 0x90
            | 0x91
            | 0x94
            | 0x97
            | 0x98
            | b'Q'
            | 0x93
            | b'R'
            | b'o'
            | 0x81
            | 0x92
            | b'b' => Argument::Bytes(0),
            b'K' | b'q' | b'h' | 0x80 | 0x82 => Argument::Bytes(1),
            b'M' | 0x83 => Argument::Bytes(2),
            b'J' | b'r' | b'j' | 0x84 => Argument::Bytes(4),
            b'G' | 0x95 => Argument::Bytes(8),
            b'U' | b'C' | 0x8a | 0x8c => Argument::Counted(1),
            b'T' | b'X' | b'B' | 0x8b => Argument::Counted(4),
            0x8d | 0x8e | 0x96 => Argument::Counted(8),
            b'I' | b'L' | b'F' | b'S' | b'V' | b'p' | b'g' | b'P' => Argument::Lines(1),
            _ => return false,
        };
        moved |= matches!(opcode, b'0' | b'1' | b'2' | b'h' | b'j' | b'g' | b'U' | b'T' | b'X' | 0x8c | 0x8d)
            || matches!(argument, Argument::Lines(_));
        at = match argument {
            Argument::Bytes(count) => at + count,
            Argument::Counted(width) => {
                let Some(digits) = bytes.get(at..at + width) else { return false };
                let length = digits.iter().rev().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
                // Beyond what is looked at it cannot be said.
                match usize::try_from(length).ok().and_then(|length| (at + width).checked_add(length)) {
                    Some(end) if end < bytes.len() => end,
                    _ => return bytes.len() == AHEAD,
                }
            }
            Argument::Lines(count) => {
                let mut lines = bytes[at..].split_inclusive(|byte| *byte == b'\n').take(count);
                at + lines.by_ref().map(<[u8]>::len).sum::<usize>()
            }
        };
    }
    bytes.len() == AHEAD
}

/// Whether two lines are names of a module and of something in it.
fn lines_are_names(bytes: &[u8]) -> bool {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let is_name = |line: Option<&[u8]>| {
        // Names need not be ASCII.
        line.is_some_and(|line| !line.is_empty() && std::str::from_utf8(line).is_ok())
    };
    is_name(lines.next()) && is_name(lines.next()) && lines.next().is_some()
}
