//! What other readers would make of the same bytes.
//!
//! joblib takes what stands behind the state of its wrapper for an array, and `pickle.load` goes on reading opcodes; a
//! joblib before 1.2 takes the pad for a part of the array, and goes on reading opcodes before the array ends. A file
//! could be honest to one and a command to the other, so the other views are tried too, on copies of everything.
//! Bytes of arrays hardly ever get far as opcodes.

use super::facts::Collector;
use super::input::{Glimpsed, Stop};
use super::machine::Machine;
use super::trust::trust;
use super::value::Value;
use crate::vocab::{ProblemKind, Trust};

/// Bytes that are looked at.
const AHEAD: usize = 64 << 10;
/// Looks in one artifact; more are not taken, and said.
const MOST_LOOKS: u32 = 4096;

/// How a view came about, for people.
const BY_LOAD: &str = "(by pickle.load, in what joblib takes for an array)";
const BY_OLD: &str = "(by joblib before 1.2, in the last bytes of an array)";
const BY_FILE: &str = "(by pickle.load from a file, behind a frame that ends inside an opcode)";

/// What another view came to.
struct Seen {
    facts: Collector,
    /// Whether more bytes decide than are looked at.
    hides: bool,
    /// Where it would go on, behind what could be looked at.
    beyond: Option<u64>,
}

impl Machine<'_, '_> {
    /// The bytes of an array of joblib as `pickle.load` reads on.
    pub fn other_view(&mut self, nested: bool) -> Result<(), Stop> {
        let bytes = self.input.peek(AHEAD)?;
        if !nested && !gets_anywhere(bytes, bytes.len()) {
            return Ok(());
        }
        self.look(self.input.offset(), Vec::new(), BY_LOAD, nested)
    }

    /// The last bytes of an array, as a joblib reads them that knows no pad; `last` are left of it.
    pub fn old_view(&mut self, last: usize) -> Result<(), Stop> {
        let bytes = self.input.peek(AHEAD)?;
        if last == 0 || !gets_anywhere(bytes, last.min(bytes.len())) {
            return Ok(());
        }
        self.look(self.input.offset(), Vec::new(), BY_OLD, false)
    }

    /// What stands behind a frame, with the beginning of the opcode that left it; whether its value is on the stack.
    pub fn behind_frame(&mut self, frame_end: u64, opcode: Vec<u8>, pushed: bool) -> Result<(), Stop> {
        let value = if pushed { Some(self.pop()?) } else { None };
        let looked = self.look(frame_end, opcode, BY_FILE, false);
        if let Some(value) = value {
            self.stack.push(value);
        }
        looked
    }

    /// Reads on from an offset, and tells what that comes to.
    fn look(&mut self, from: u64, opcode: Vec<u8>, how: &str, nested: bool) -> Result<(), Stop> {
        self.facts.looks += 1;
        if self.facts.looks > MOST_LOOKS {
            self.facts.pickle.calls_of_results += 1;
            return Ok(());
        }
        let Some(seen) = self.view(from, opcode, how == BY_OLD)? else { return Ok(()) };
        self.tell(&seen, how, nested);
        Ok(())
    }

    /// Reads on from an offset on copies of everything; none where the bytes are gone. joblib reads with the unpickler
    /// in Python.
    fn view(&mut self, from: u64, opcode: Vec<u8>, is_joblib: bool) -> Result<Option<Seen>, Stop> {
        let mut facts = self.facts.clone();
        let Some(Glimpsed { mut input, is_cut }) = self.input.glimpse(from, opcode, AHEAD)? else {
            return Ok(None);
        };
        let mut view = Machine::new(&mut input, &mut facts, false);
        view.is_strict = is_joblib;
        view.stack = self.stack.clone();
        view.texts = self.texts.clone();
        view.items = self.items.clone();
        view.memo = self.memo.clone();
        let stopped = view.read().stopped.map(|stopped| stopped.kind);
        let cut = is_cut && stopped == Some(ProblemKind::Truncated);
        let beyond = Some(input.announced_end()).filter(|end| cut && *end > 0);
        let hides = stopped == Some(ProblemKind::Limit) || cut && beyond.is_none();
        Ok(Some(Seen { facts, hides, beyond }))
    }

    /// Whether bytes that do not begin as pickles do are one that imports or calls something.
    pub fn does_anything(&mut self) -> Result<bool, Stop> {
        let bytes = self.input.peek(AHEAD)?;
        if !gets_anywhere(bytes, bytes.len()) && !bytes.starts_with(b"(") {
            return Ok(false);
        }
        self.facts.looks += 1;
        if self.facts.looks > MOST_LOOKS {
            return Ok(true);
        }
        let seen = self.view(self.input.offset(), Vec::new(), false)?;
        let actions = |facts: &Collector| {
            let named = facts.pickle.globals.iter().map(|global| global.count + global.called).sum::<u64>();
            named + facts.pickle.hidden() + u64::from(facts.disputes)
        };
        Ok(seen.is_some_and(|seen| {
            seen.hides || seen.beyond.is_some() || actions(&seen.facts) > actions(self.facts)
        }))
    }

    fn tell(&mut self, seen: &Seen, how: &str, nested: bool) {
        let before = &self.facts.pickle.globals;
        let mut found = Vec::new();
        for (index, global) in seen.facts.pickle.globals.iter().enumerate() {
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
                self.facts.arguments(global, how.to_owned(), self.offset);
            }
        }
        if let Some(beyond) = seen.beyond.filter(|_| !nested) {
            self.facts.beyond(beyond);
        }
        let [before, after] = [&*self.facts, &seen.facts];
        let unresolved = after.pickle.unresolved_globals > before.pickle.unresolved_globals;
        let disputed = after.disputes > before.disputes;
        // Chance may make a call of something odd, but no import.
        if !nested && (seen.hides || unresolved || disputed) {
            self.facts.pickle.calls_of_results += 1;
        }
    }

    /// A wrapper of joblib whose array is read twice could be two different arrays to different readers.
    pub fn not_twice(&self, value: Value) -> Result<(), Stop> {
        let twice = self.outermost && matches!(value, Value::Made(_)) && self.is_wrapper(value);
        if twice { Err(self.malformed("joblib's array wrapper is used twice")) } else { Ok(()) }
    }
}

/// What follows an opcode.
enum Argument {
    Bytes(usize),
    Counted(usize),
    Lines(usize),
}

/// Whether bytes that are read as opcodes come to one that imports or calls something, or beyond the first `enough`
/// of them, before one that makes no sense.
fn gets_anywhere(bytes: &[u8], enough: usize) -> bool {
    let mut at = 0;
    // Behind the state of an array's wrapper stands the wrapper: what calls needs something else on top.
    let mut moved = false;
    while let Some(opcode) = bytes.get(at).filter(|_| at < enough) {
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
        moved |= matches!(
            opcode,
            b'0' | b'1' | b'2' | b'h' | b'j' | b'g' | b'U' | b'T' | b'X' | 0x8c | 0x8d | 0x85..=0x87
        ) || matches!(opcode, b'a' | b'e' | b's' | b'u' | b'd' | b'l' | b't' | 0x90)
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
    bytes.len() == AHEAD || (at >= enough && enough < bytes.len())
}

/// Whether two lines are names of a module and of something in it. A line that has no end here is taken as far as it
/// goes, and the name may be missing then.
fn lines_are_names(bytes: &[u8]) -> bool {
    // Names need not be ASCII.
    let is_name = |line: &[u8]| !line.is_empty() && std::str::from_utf8(line).is_ok();
    let is_beginning =
        |line: &[u8]| std::str::from_utf8(line).map_or_else(|error| error.error_len().is_none(), |_| true);
    // Whatever is behind a dot, what is before it is imported first.
    let is_importable =
        bytes.split(|byte| matches!(byte, b'\n' | b'.')).next().is_some_and(|top| !top.contains(&0));
    if !is_importable {
        return false;
    }
    let mut lines = bytes.split(|byte| *byte == b'\n');
    match (lines.next(), lines.next(), lines.next()) {
        (Some(module), Some(name), Some(_)) => is_name(module) && is_name(name),
        (Some(module), Some(name), None) => is_name(module) && is_beginning(name),
        (Some(module), None, _) => is_beginning(module),
        (None, ..) => false,
    }
}
