//! Each connector of `plugins/` over the real host and the fake of its provider: two journeys, which a [`Case`] fills
//! with what is the connector's own.
//!
//! - [`journey`]: connect; read every stream twice, the second time only what has changed; write every action twice
//!   under one key and once more under another; break the credential and see that somebody is asked to act; reconnect
//!   and go on. At the end nothing was asked that the sheet does not name, and no secret is anywhere in the host.
//! - [`chaos`]: the error table of the connector's sheet, row by row. Each row says how the provider misbehaves and how
//!   the run or push has to end; the harness looks at the error's code, at the place up to which was read, at the
//!   records *and* at the state of the connection, makes the provider well again and sees all of it recover.
//!
//! A connector's module in `tests/it` has one function that returns its `Case` and two tests that play it.
//! `tests/it/complete.rs` fails for a connector without fixtures, without a fake, without a case, or with a stream
//! or action that no case names.

mod case;
mod chaos;
mod journey;
mod mirror;
mod outcome;
mod pace;
mod pushes;
mod reads;
mod scene;
mod signs;

pub use case::{ActionCase, Case, File, Row, Stage, StreamCase, stage};
pub use chaos::chaos;
pub use journey::journey;
pub use outcome::{ErrorRow, Of, On, Stands, Then};
pub use pace::{at_once, packed_at_once};
pub use scene::Scene;
