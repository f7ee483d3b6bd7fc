//! The contract over the years: its text may grow and never break, and what was built against it loads for ever.
//!
//! `text` reads a text of the contract and compares two of them in both directions; `released` holds today's text against
//! the copies under `wit/since-…`; `changes` holds the comparison against the table in `wit/README.md`, one changed text a
//! row. `golden` loads and calls components that were built against each released version.

#![cfg(test)]

mod changes;
mod golden;
mod host;
mod provider;
mod released;
mod text;
