//! The test host of the current thread, as the functions that the SDK calls.

use std::{
    cell::RefCell,
    rc::{Rc, Weak},
};

use super::test_host::{State, fail};
use crate::http::{HttpError, WireRequest, WireResponse};

thread_local! {
    static CURRENT: RefCell<Weak<RefCell<State>>> = const { RefCell::new(Weak::new()) };
}

pub(super) fn install(state: &Rc<RefCell<State>>) {
    if current().is_some() {
        fail("this thread has a test host already: drop it first");
    }
    CURRENT.with(|current| *current.borrow_mut() = Rc::downgrade(state));
}

pub(super) fn uninstall() {
    CURRENT.with(|current| *current.borrow_mut() = Weak::new());
}

fn current() -> Option<Rc<RefCell<State>>> {
    CURRENT.with(|current| current.borrow().upgrade())
}

pub(crate) fn send(request: WireRequest) -> Result<WireResponse, HttpError> {
    match current() {
        Some(state) => state.borrow_mut().send(&request),
        None => Err(HttpError::NotSent("there is no host here: make a `TestHost` first".to_owned())),
    }
}

pub(crate) fn now_ms() -> u64 {
    current().map_or(0, |state| state.borrow().now_ms)
}

pub(crate) fn random(len: u32) -> Vec<u8> {
    // The same in every test, and not all the same byte.
    (0..len.min(1_024)).map(|at| u8::try_from(at % 251).unwrap_or_default()).collect()
}

pub(crate) fn remaining_ms() -> u64 {
    if should_stop() { 0 } else { 600_000 }
}

pub(crate) fn should_stop() -> bool {
    current().is_some_and(|state| state.borrow().should_stop())
}

pub(crate) fn log(level: u8, message: &str, fields: &[(String, String)]) {
    if let Some(state) = current() {
        state.borrow_mut().log(level, message, fields);
    }
}

pub(crate) fn progress(done: u64, total: Option<u64>) {
    if let Some(state) = current() {
        state.borrow_mut().progress(done, total);
    }
}

/// Of the host's shape, 26 lower-case letters and digits, made of the step's name.
pub(crate) fn step_key(step: &str) -> String {
    let name: String = step.chars().filter(char::is_ascii_lowercase).take(26).collect();
    format!("{name:2<26}")
}

pub(crate) fn step_refused(step: &str) {
    if let Some(state) = current() {
        state.borrow_mut().step_refused(step);
    }
}

pub(crate) fn blob_size(blob: &str) -> Option<u64> {
    current()?.borrow().blobs.size(blob)
}

pub(crate) fn blob_read(blob: &str, offset: u64, len: u32) -> Option<Vec<u8>> {
    current()?.borrow().blobs.read(blob, offset, len)
}

pub(crate) fn blob_create(_: &str) -> String {
    current().map(|state| state.borrow_mut().blobs.keep(&[])).unwrap_or_default()
}

pub(crate) fn blob_append(blob: &str, data: &[u8]) -> bool {
    current().is_some_and(|state| state.borrow_mut().blobs.append(blob, data))
}
