//! Nothing: this package is for its dependencies (`Cargo.toml`).
