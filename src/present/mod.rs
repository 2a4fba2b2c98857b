//! Layer 3: one view of a run, many renderers that return bytes, one sink that writes them.
