//! Frames: pieces of a pickle that a reader may take at once. Their lengths change nothing for a file as Python writes
//! it. Where one does not end between two opcodes, readers disagree: `pickle.loads` does not look at it, the reader in
//! Python stops, and the one in C drops what is left of the frame when it reads from a file.

use super::input::Stop;
use super::machine::Machine;
use crate::vocab::{Problem, ProblemKind};

impl Machine<'_, '_> {
    /// A frame begins.
    pub fn frame(&mut self) -> Result<(), Stop> {
        let length = self.input.u64("inside a frame's length")?;
        let start = self.input.offset();
        let end = i64::try_from(length).ok().and_then(|length| start.checked_add_signed(length));
        let Some(end) = end else {
            return Err(self.malformed("a frame is longer than any file"));
        };
        if start < self.frame_end {
            self.dispute(
                "a frame begins within another one: some of Python's readers stop here, others go on",
            )?;
        }
        self.frame_end = end;
        Ok(())
    }

    /// Looks at an opcode that began within a frame: it has to end there too. `step` is what came of it.
    pub fn leaves_frame(&mut self, frame_end: u64, step: &Result<bool, Stop>) -> Result<(), Stop> {
        // Behind BUILD stand the bytes of joblib's arrays, which are not part of the opcode.
        let now = if self.opcode == b'b' { self.offset + 1 } else { self.input.offset() };
        if now > frame_end {
            self.dispute("a frame ends inside an opcode: Python's readers go on in different places")?;
            // What the reader in C does when it reads from a file: what is not there yet it takes from behind the frame.
            return match self.literal_prefix(frame_end - self.offset) {
                Some(prefix) => self.behind_frame(frame_end, prefix, step.is_ok()),
                None => Ok(()),
            };
        }
        if matches!(step, Ok(false)) && now < frame_end {
            self.dispute(
                "a frame goes on behind STOP: Python's readers take different bytes as the next pickle",
            )?;
        }
        Ok(())
    }

    /// The current opcode with the length of what it pushes, as far as that lies within the next `within` bytes; none
    /// where it is another opcode.
    fn literal_prefix(&self, within: u64) -> Option<Vec<u8>> {
        let width = match self.opcode {
            b'U' | b'C' | 0x8a | 0x8c => 1,
            b'T' | b'X' | b'B' | 0x8b => 4,
            0x8d | 0x8e | 0x96 => 8,
            b'K' | b'M' | b'J' | b'G' | b'I' | b'L' | b'F' | b'S' | b'V' => 0,
            _ => return None,
        };
        let width = if within > width as u64 { width } else { 0 };
        Some([&[self.opcode], &self.claimed.to_le_bytes()[..width]].concat())
    }

    /// Readers go on in different ways from here. Reading goes on as `pickle.loads` does, or stops as the unpickler in
    /// Python does where only that one is meant.
    fn dispute(&mut self, what: &str) -> Result<(), Stop> {
        if self.is_strict {
            return Err(self.malformed(what));
        }
        self.facts.disputes += 1;
        let what = what.to_owned();
        self.facts.problem(Problem { kind: ProblemKind::Malformed, offset: self.offset, what });
        Ok(())
    }
}
