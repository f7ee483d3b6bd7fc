//! The compile child of this crate's own tests; the product's child is `patchbay compile-worker`.

fn main() -> std::process::ExitCode {
    patchbay_engine::compile_worker()
}
