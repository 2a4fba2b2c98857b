//! Why stored bytes cannot be read.

/// Why stored bytes cannot be read: the text of [`Mismatch::Damaged`](crate::vocab::Mismatch::Damaged).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Damage(pub(super) String);

impl Damage {
    /// The same, with the side it was found on.
    pub(super) fn of(self, side: &str) -> Self {
        Self(format!("{side}: {}", self.0))
    }
}
