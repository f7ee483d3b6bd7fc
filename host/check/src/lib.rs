//! The conformance suite: a packaged connector in the real sandbox, over recorded answers.
//!
//! **What is run is what a host runs**: the component itself, in the engine with its limits, behind the gate with its
//! checks. Only the provider is a tape ([`patchbay_egress::Tape`]), so that a connector in any language is tried without
//! a host, a network or a credential.
//!
//! [`run`] reads the fixtures of a folder, calls the connector once for each of them as it is written, and then again as
//! things go wrong: with another answer, from another cursor, after a stop. Each rule is one [`Check`], passed, failed or
//! not asked; a failed one says what, where, and what helps. [`record`] is the other way round: it asks a live provider
//! and writes the fixtures. [`perform`] makes one call for its author, and says what it cost.

mod blobs;
mod checks;
mod compiled;
mod deviation;
mod diary;
mod log;
pub mod perform;
mod player;
mod reading;
pub mod record;
mod report;
mod stage;
mod trouble;
mod words;
mod writing;

/// The recorded answers themselves.
pub use compiled::Compiled;
pub use patchbay_fixture as fixture;
pub use report::{Check, Figures, Finding, Report, State};
pub use stage::{Stage, StageError};

use std::path::Path;

/// Tries a connector over the fixtures of a folder.
pub async fn run(stage: &Stage, fixtures: &Path) -> Report {
    checks::run(stage, fixtures).await
}
