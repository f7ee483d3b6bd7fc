//! What the tests over the real binary stand on: a host with fake providers beside it, tenants with keys,
//! connectors in variants, and a server that says what it received.
//!
//! Everything goes through the public API, the command line, the files and the signals of the process;
//! nothing of the host's rooms is named here. The tests are in `tests/it`, one module per promise.

mod compare;
mod database;
mod echo;
mod hidden;
mod journey;
mod kinds;
mod packages;
mod rig;
mod tenant;
mod tricks;
mod walk;

pub use compare::Mirror;
pub use database::{Database, bytes, of_bytes};
pub use echo::{ECHO_ORIGIN, EchoServer, Received};
pub use hidden::{everything, hidden};
pub use journey::{RETURN, Session};
pub use kinds::{Enter, Kind, kinds, oidc_kind, oidc_machine_kind};
pub use packages::{Variant, guest_component, guest_manifest, login_manifest, patchbay};
pub use rig::{BRISK, Rig, RigSetup};
pub use tenant::{Tenant, items};
pub use tricks::TRICKS;
pub use walk::{COOKIE, HERE, USER, Walk, leads};
