//! What a test run saves by compiling each component once must change nothing of what a host is answered.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Output, Stdio},
};

use patchbay_it::{guest_component, patchbay_command};
use patchbay_test_support::{Result, Trouble};

#[test]
fn a_component_that_was_compiled_before_is_answered_with_the_same_code() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let component = fs::read(guest_component()?)?;
    let first = compile(folder.path(), &component)?;
    assert!(first.status.success() && !first.stdout.is_empty(), "{}", String::from_utf8_lossy(&first.stderr));
    let kept: Vec<_> = fs::read_dir(folder.path())?.collect::<std::io::Result<_>>()?;
    let [kept] = kept.as_slice() else { return Err(Trouble::new(format!("{} files are kept", kept.len()))) };
    assert_eq!(fs::read(kept.path())?, first.stdout);
    // It is the file that answers now.
    fs::write(kept.path(), b"kept")?;
    assert_eq!(compile(folder.path(), &component)?.stdout, b"kept");
    Ok(())
}

#[test]
fn what_does_not_compile_is_refused_each_time_as_the_worker_refuses_it_and_is_not_kept() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for _ in 0..2 {
        let refused = compile(folder.path(), b"\0asm\x0d\0\x01\0 and nothing that could follow")?;
        assert_eq!(refused.status.code(), Some(2), "{}", String::from_utf8_lossy(&refused.stderr));
        assert!(!refused.stderr.is_empty() && refused.stdout.is_empty());
    }
    assert_eq!(fs::read_dir(folder.path())?.count(), 0);
    Ok(())
}

fn compile(folder: &Path, component: &[u8]) -> Result<Output> {
    let mut command = patchbay_command(folder, &["compile-kept", &folder.to_string_lossy()])?;
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().ok_or_else(|| Trouble::new("no stdin"))?;
    let component = component.to_vec();
    let fed = std::thread::spawn(move || stdin.write_all(&component));
    let output = child.wait_with_output()?;
    drop(fed.join());
    Ok(output)
}
