//! A stranger writes a connector: every command of the SDK's page, to a connector that an operator uses.

use std::{fs, path::Path};

use patchbay_it::author;
use patchbay_test_support::Result;

#[test]
fn a_connector_in_rust_comes_from_new_to_a_synced_connection() -> Result<()> {
    let walked = author("rust", |project| {
        // What the SDK leans on is built once for all runs of this test.
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/authors");
        fs::create_dir_all(project.join(".cargo"))?;
        fs::write(project.join(".cargo/config.toml"), format!("[build]\ntarget-dir = {kept:?}\n"))?;
        Ok(())
    })?;
    for (step, took) in &walked.steps {
        println!("{took:>7} ms  {step}");
    }
    assert!(walked.packaged["imports"].as_array().is_some_and(|imports| !imports.is_empty()));
    assert!(walked.checked["figures"]["memory_bytes"].as_u64().is_some_and(|bytes| bytes < 8 << 20));
    Ok(())
}

#[test]
fn a_connector_in_python_comes_from_new_to_a_synced_connection() -> Result<()> {
    let walked = author("python", |_| Ok(()))?;
    for (step, took) in &walked.steps {
        println!("{took:>7} ms  {step}");
    }
    // Python is in it, and nothing that it imports is what a host would not link.
    assert!(walked.packaged["size"]["all"].as_u64().is_some_and(|bytes| bytes < 20 << 20), "{:#}", walked.packaged);
    assert!(walked.checked["figures"]["memory_bytes"].as_u64().is_some_and(|bytes| bytes < 32 << 20));
    Ok(())
}

#[test]
fn a_connector_in_typescript_comes_from_new_to_a_synced_connection() -> Result<()> {
    let walked = author("js", |_| Ok(()))?;
    for (step, took) in &walked.steps {
        println!("{took:>7} ms  {step}");
    }
    assert!(walked.packaged["size"]["all"].as_u64().is_some_and(|bytes| bytes < 3 << 20), "{:#}", walked.packaged);
    assert!(walked.checked["figures"]["memory_bytes"].as_u64().is_some_and(|bytes| bytes < 8 << 20));
    Ok(())
}
