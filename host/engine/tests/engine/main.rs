//! The sandbox against its guests: what each is stopped by, and that the host goes on.

#![cfg(test)]

mod bounds;
mod cache;
mod compiling;
mod hostile;
mod outside;
mod pool;
mod setup;
