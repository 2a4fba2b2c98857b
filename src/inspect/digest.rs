//! Digests of a file: a pass of its own, because facts are known long before all bytes are read.

use std::io::{self, Read};

use sha2::Digest as _;

use crate::vocab::{Digest, Inspection, Problem, ProblemKind};

/// Bytes that are read at once.
const PIECE: usize = 256 << 10;

/// The digests of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests {
    /// Bytes that were digested.
    pub size: u64,
    /// BLAKE3.
    pub blake3: Digest,
    /// SHA-256 in hexadecimal, where it was asked for.
    pub sha256: Option<String>,
}

/// Digests everything that a source gives.
pub fn digests(mut source: impl Read, sha256: bool) -> io::Result<Digests> {
    let mut blake3 = blake3::Hasher::new();
    let mut second = sha256.then(sha2::Sha256::new);
    let mut size = 0;
    let mut buffer = vec![0; PIECE];
    loop {
        let read = match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        blake3.update(&buffer[..read]);
        if let Some(hasher) = &mut second {
            hasher.update(&buffer[..read]);
        }
        size += read as u64;
    }
    let hexadecimal =
        |hasher: sha2::Sha256| hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    Ok(Digests { size, blake3: Digest::of_hash(blake3.finalize()), sha256: second.map(hexadecimal) })
}

impl Inspection {
    /// Takes what the pass over all bytes gave.
    pub fn digested(&mut self, digests: std::io::Result<Digests>) {
        match digests {
            Ok(digests) => {
                self.size = digests.size;
                self.digest = Some(digests.blake3);
                self.sha256 = digests.sha256;
            }
            Err(error) => {
                self.complete = false;
                self.problems.push(Problem {
                    kind: ProblemKind::Unreadable,
                    offset: 0,
                    what: format!("cannot be digested: {error}"),
                });
            }
        }
    }
}
