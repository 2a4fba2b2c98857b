//! Layer 2: the embedded Python agent and its client.
