//! The suite `languages`: what the SDKs of JavaScript and Python promise, asked with their own tools.
//!
//! The tests of an SDK and of its example run natively, in Node and in Python; `tests/sandbox` of one is a connector that asks the
//! engine inside of the component itself, and goes through `patchbay check` as a stranger's does. The way of an author from
//! `patchbay new` to a sync is a test of `tests/it`. Nobody leaves this out: where a tool is missing, the suite fails and says what
//! to install.
//!
//! `cargo xtask bench languages` measures the same connector in each language.

use std::path::Path;

use crate::{
    generate::languages::FIGURES,
    node,
    shell::{Result, Run, root, target},
    suites::DEBUG,
};

/// A program, from the root of the tree, and what it is asked.
const NATIVE: &[(&str, &[&str])] = &[
    ("node", &["sdk/js/build/types.mjs", "sdk/js"]),
    ("node", &["sdk/js/build/types.mjs", "sdk/js/example"]),
    ("node", &["sdk/js/build/test.mjs", "sdk/js"]),
    ("node", &["sdk/js/build/test.mjs", "sdk/js/example"]),
    ("python3", &["sdk/python/tests/everything.py"]),
];

/// Connectors that are built and checked, from the root of the tree.
const CHECKED: &[&str] = &["sdk/js/tests/sandbox", "sdk/python/tests/sandbox"];

pub(crate) fn run() -> Result<()> {
    node::check()?;
    let native = NATIVE.iter().map(|(program, args)| Run::program(program, args));
    let patchbay = target().join(DEBUG).join("patchbay");
    let checked = CHECKED.iter().map(|folder| {
        let fixtures = root().join(folder).join("fixtures");
        Run::program(&patchbay.to_string_lossy(), &["check", *folder]).arg("--fixtures").arg(fixtures)
    });
    let failed: Vec<String> = native.chain(checked).filter_map(|run| run.status().err()).collect();
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}

/// Has the example made in each language, as an author does, by the program in this folder, and measures what comes of it.
pub(crate) fn measure(built: &Path) -> Result<()> {
    let folder = target().join("languages");
    let patchbay = built.join("patchbay");
    let patchbay = patchbay.to_string_lossy();
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    for language in ["rust", "js", "python"] {
        let project = folder.join(language);
        Run::program(&patchbay, &["new", "example.notebook", "--lang", language, "--dir"]).arg(&project).status()?;
        let packed = folder.join(format!("{language}.wasm"));
        Run::program(&patchbay, &["package"]).arg(&project).arg("--out").arg(packed).status()?;
    }
    let bench = built.join("patchbay-bench");
    Run::program(&bench.to_string_lossy(), &["languages"]).env("PATCHBAY_LANGUAGES", &folder).status()?;
    let (figures, kept) = (folder.join("figures.json"), root().join(FIGURES));
    std::fs::copy(&figures, &kept).map_err(|error| format!("{}: {error}", kept.display()))?;
    println!("{FIGURES} written; `cargo xtask generate` makes the table of it");
    Ok(())
}

#[cfg(test)]
mod promises {
    use super::*;

    #[test]
    fn what_is_run_and_checked_is_there() {
        for (_, args) in NATIVE {
            assert!(args.iter().all(|path| path.starts_with('-') || root().join(path).exists()), "{args:?}");
        }
        assert!(CHECKED.iter().all(|folder| root().join(folder).join("connector.toml").is_file()));
    }
}
