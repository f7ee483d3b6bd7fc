//! The contract over the years: see the tests.
