//! Layer 1: datasets, from the bytes of a file to the bytes that the agent reads.
