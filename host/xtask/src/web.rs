//! `cargo xtask web`: the web app, checked and built into `target/web`, from where the host's next build takes it.
//!
//! What a page loads at first is bounded: a person on a telephone waits for it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    path::Path,
};

use flate2::{Compression, write::GzEncoder};
use patchbay_test_support::npm;
use serde::Deserialize;

use crate::{
    node,
    shell::{Result, Run, root, target},
};

/// The web app, and the client of the API that it is made with; from the root of the tree.
const WEB: &str = "host/web";
const CLIENT: &str = "sdk/client";
/// What Vite says about what it built.
const MANIFEST: &str = ".vite/manifest.json";
/// Bytes of script that a page may load before it can be used, compressed with gzip.
const FIRST_LOAD: usize = 200_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only build: no types, no lint, no tests.
    #[arg(long)]
    quick: bool,
}

/// A file that Vite built.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chunk {
    file: String,
    #[serde(default)]
    is_entry: bool,
    /// Keys of the manifest: what is loaded with it.
    #[serde(default)]
    imports: Vec<String>,
    /// And what it loads when it is needed: of the entry, the pages.
    #[serde(default)]
    dynamic_imports: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if args.quick { build() } else { check().and_then(|()| build()) }
}

/// Types, lint and unit tests of the web app, and of the client.
pub(crate) fn check() -> Result<()> {
    install()?;
    for (folder, script) in [(CLIENT, "check"), (CLIENT, "test"), (WEB, "check"), (WEB, "test")] {
        npm_run(folder, script)?;
    }
    Ok(())
}

/// Builds it, with everything that it is built with.
pub(crate) fn build() -> Result<()> {
    install()?;
    npm_run(WEB, "build")?;
    let built = target().join("web");
    let compress = root().join(WEB).join("tools/compress.mjs");
    Run::program("node", &[]).arg(compress).arg(&built).status()?;
    let (bytes, page) = first_load(&built)?;
    println!("{page} loads {bytes} bytes of script (gzip) at first, of {FIRST_LOAD} that a page may");
    if bytes <= FIRST_LOAD { Ok(()) } else { Err(format!("{page} loads {bytes} bytes at first: split it")) }
}

fn install() -> Result<()> {
    node::check()?;
    for folder in [CLIENT, WEB] {
        npm::install(folder).map_err(|why| why.to_string())?;
    }
    Ok(())
}

fn npm_run(folder: &str, script: &str) -> Result<()> {
    Run::program("npm", &["--prefix", folder, "--loglevel=error", "run", script]).status()
}

/// What the page that loads the most loads at first: bytes of script, and which page.
fn first_load(built: &Path) -> Result<(usize, String)> {
    let path = built.join(MANIFEST);
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let chunks: BTreeMap<String, Chunk> =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut sizes = BTreeMap::new();
    for chunk in chunks.values().filter(|chunk| Path::new(&chunk.file).extension().is_some_and(|end| end == "js")) {
        let path = built.join(&chunk.file);
        let bytes = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        sizes.insert(chunk.file.as_str(), compressed(&bytes)?);
    }
    heaviest(&chunks, &sizes).ok_or_else(|| format!("{}: it names no page", path.display()))
}

/// The heaviest page: the entry, a page that is loaded by its address, and what both import. What a page fetches later, as
/// for a dialog, is not of the first load.
fn heaviest(chunks: &BTreeMap<String, Chunk>, sizes: &BTreeMap<&str, usize>) -> Option<(usize, String)> {
    let entries: Vec<&String> = chunks.iter().filter(|(_, chunk)| chunk.is_entry).map(|(key, _)| key).collect();
    let pages = entries.iter().filter_map(|entry| chunks.get(*entry)).flat_map(|entry| &entry.dynamic_imports);
    let weight = |page: &String| {
        let mut loaded = BTreeSet::new();
        let mut open: Vec<&String> = entries.iter().copied().chain([page]).collect();
        while let Some(chunk) = open.pop().and_then(|key| chunks.get(key)) {
            if loaded.insert(chunk.file.as_str()) {
                open.extend(&chunk.imports);
            }
        }
        loaded.iter().filter_map(|file| sizes.get(file)).sum()
    };
    pages.map(|page| (weight(page), page.clone())).max()
}

fn compressed(bytes: &[u8]) -> Result<usize> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    let done = gzip.write_all(bytes).and_then(|()| gzip.finish());
    done.map(|bytes| bytes.len()).map_err(|error| format!("gzip: {error}"))
}

#[cfg(test)]
mod promises {
    use super::*;

    #[test]
    fn a_page_weighs_what_it_and_the_entry_import_each_file_once() {
        let manifest = r#"{
            "index.html": { "file": "assets/a.js", "isEntry": true, "imports": ["_shared"],
                "dynamicImports": ["src/small.tsx", "src/large.tsx"] },
            "_shared": { "file": "assets/s.js" },
            "src/small.tsx": { "file": "assets/b.js", "imports": ["_shared", "index.html"] },
            "src/large.tsx": { "file": "assets/c.js", "imports": ["_plot"], "dynamicImports": ["src/dialog.tsx"] },
            "src/dialog.tsx": { "file": "assets/l.js", "imports": ["src/large.tsx"] },
            "_plot": { "file": "assets/p.js", "imports": ["_shared", "_plot"] }
        }"#;
        let chunks: BTreeMap<String, Chunk> = serde_json::from_str(manifest).expect("a manifest");
        let sizes = ["a", "s", "b", "c", "p", "l"].map(|name| format!("assets/{name}.js"));
        let sizes: BTreeMap<&str, usize> = sizes.iter().map(String::as_str).zip([100, 10, 1, 2, 20, 9_000]).collect();
        assert_eq!(heaviest(&chunks, &sizes), Some((132, "src/large.tsx".to_owned())));
        assert_eq!(heaviest(&BTreeMap::new(), &sizes), None);
    }
}
