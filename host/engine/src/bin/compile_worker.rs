//! The compile child of this crate's own tests. The product runs `patchbay compile-worker`, which calls
//! the same function.

fn main() -> std::process::ExitCode {
    patchbay_engine::compile_worker()
}
