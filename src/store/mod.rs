//! Layer 2: the cache folder, its objects and its observations.
