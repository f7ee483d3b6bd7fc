//! A connector in TypeScript around the larger engine, SpiderMonkey: from `patchbay new` to a check without findings.
//!
//! Only when it is asked for: the tools of that engine are 385 MB, and the component is compiled for half a minute. The engine
//! that is used when nothing is said goes through the suite `languages` each time.

use std::{fs, path::Path};

use patchbay_it::patchbay;
use patchbay_test_support::{Result, Trouble};

use crate::soak::Soak;

/// In package.json, what chooses the engine; after it what `patchbay new` wrote.
const CHOSEN: &str = "{\n  \"patchbay\": { \"engine\": \"spidermonkey\" },";

pub(crate) fn rounds(soak: Soak) -> Result<()> {
    for _ in 0..soak.rounds {
        let folder = tempfile::tempdir()?;
        run(folder.path(), &["new", "acme.notes", "--lang", "js"])?;
        let project = folder.path().join("notes");
        let package = project.join("package.json");
        let text = fs::read_to_string(&package)?;
        fs::write(&package, text.replacen('{', CHOSEN, 1))?;
        let told = run(&project, &["check"])?;
        println!("{told}");
        if !told.contains(" 0 failed") {
            return Err(Trouble::new(format!("it was not checked:\n{told}")));
        }
        let bytes = fs::metadata(project.join(".patchbay/component.wasm"))?.len();
        println!("{} MiB", bytes >> 20);
        // The small engine has two of them.
        if bytes < 8 << 20 {
            return Err(Trouble::new(format!("{bytes} bytes hold no SpiderMonkey")));
        }
    }
    Ok(())
}

/// Runs a command of the binary, and says what it printed.
fn run(folder: &Path, arguments: &[&str]) -> Result<String> {
    let output = patchbay(folder, arguments)?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(printed);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Trouble::new(format!("patchbay {} ended with {}:\n{printed}\n{said}", arguments.join(" "), output.status)))
}
