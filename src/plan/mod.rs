//! Layer 1: from a matrix to environments, artifacts and cells, deterministically.
