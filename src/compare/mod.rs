//! Layer 1: facts of a reference against an observation.
