//! Layer 1: opinions: from recorded events to verdicts, statuses and findings.
