//! Parts that are refused, as a table for tests.

mod fixture;

pub(super) use fixture::SPOILT;
