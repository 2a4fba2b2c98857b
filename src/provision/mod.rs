//! Layer 2: makes environments.
