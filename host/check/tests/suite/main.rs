//! The suite against a connector that breaks one rule at a time, and recording and calls against a provider in this
//! process.

#![cfg(test)]

mod fixtures;
mod offences;
mod performing;
mod provider;
mod recordings;
mod setup;
