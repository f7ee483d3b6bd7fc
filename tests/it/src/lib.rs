//! What the tests over the real binary stand on: a host with fake providers beside it, tenants with keys,
//! connectors in variants, and a server that says what it received.
//!
//! Everything goes through the public API, the command line, the files and the signals of the process;
//! nothing of the host's rooms is named here. The tests are in `tests/it`, one module per promise.

mod author;
pub mod bombs;
mod books;
mod compare;
mod database;
mod desk;
mod echo;
mod hidden;
mod journey;
mod kinds;
pub mod layers;
mod ledger;
mod nodes;
mod office;
mod packages;
pub mod process;
mod receiver;
mod rig;
mod server;
mod stage;
mod tab;
mod tenant;
mod tricks;
mod walk;
mod witness;

pub use author::{Walked, author};
pub use books::Books;
pub use compare::Mirror;
pub use database::{Database, bytes, of_bytes};
pub use desk::{ACTIONS, DESK, DeskItem, pdf};
pub use echo::{ECHO_ORIGIN, EchoServer, Received};
pub use hidden::{everything, hidden};
pub use journey::{RETURN, Session};
pub use kinds::{Enter, Kind, kinds, oidc_kind, oidc_machine_kind};
pub use ledger::{Book, LEDGER, LedgerMirror, ledger_of, ledger_packaged, ledger_with};
pub use nodes::{Nodes, name};
pub use office::{PAGE, changes, many_pages};
pub use packages::{Variant, guest_component, guest_manifest, login_manifest, patchbay, patchbay_command};
pub use patchbay_test_support::signed::{post_signed, publisher_key, signature_of};
pub use receiver::{Answers, HOOKS, Receiver, Told};
pub use rig::{BRISK, Rig, RigSetup};
pub use server::ServerDatabase;
pub use stage::Stage;
pub use tab::{NONE, SESSION, Tab, token};
pub use tenant::{Tenant, items};
pub use tricks::TRICKS;
pub use walk::{COOKIE, HERE, USER, Walk, leads};
pub use witness::{TakeOver, Witness};
