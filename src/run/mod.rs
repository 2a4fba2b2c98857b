//! Layer 2: the dispatcher and the executors of a run.
