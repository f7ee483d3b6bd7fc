//! What tests over the real binary and `cargo xtask demo` share: the host as a process, a client of its
//! API, a small browser, the search for leaked secrets.
//!
//! Everything blocks, and everything that can go wrong is a [`Trouble`] with a text for the person who
//! reads the failed test or the demo's table; nothing here panics.

pub mod api;
mod apt;
pub mod browser;
pub mod canary;
pub mod chromium;
mod cookies;
pub mod host;
mod html;
mod launch;
mod link;
mod moment;
pub mod npm;
pub mod oidc;
pub mod packaged;
pub mod postgres;
pub mod raw;
pub mod signed;
mod together;
mod trouble;
mod wait;
mod walks;

pub use api::{Answer, Api};
pub use browser::{Browser, Page};
pub use host::{HostProcess, HostSetup};
pub use html::Form;
pub use moment::{TestTime, without_tools};
pub use oidc::OidcProvider;
pub use packaged::packaged;
pub use patchbay_fakes as fakes;
pub use together::{Dice, together};
pub use trouble::{Result, Trouble};
pub use wait::wait_until;
