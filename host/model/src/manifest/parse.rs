//! Placeholder until the manifest helper fills it.
