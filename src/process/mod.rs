//! Layer 2: the only module that spawns processes.
