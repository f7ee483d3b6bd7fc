//! What the contract's guests may call, one file per interface. Each function counts against the call's
//! budget, does what its door in the run's scope allows, and waits only where waiting can be cut off.

mod blob;
mod http;
mod run;

use super::contract::since_0_1_0 as contract;
