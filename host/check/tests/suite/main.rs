//! The suite against a connector that breaks one rule at a time, and recording against a provider in this process.

#![cfg(test)]

mod fixtures;
mod offences;
mod provider;
mod recordings;
mod setup;
