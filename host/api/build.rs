//! Puts the built web app into the binary: what `cargo xtask web` left in `target/web`, as a table of files.
//!
//! Nothing there is no error: a host is built and run without Node, and its page then names the command.
//! The files are copied first, so that a build of the web app that runs at the same time is seen whole or not at all.

use std::{
    env,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// What is served under a name that changes with its content.
const ASSETS: &str = "assets";
/// Ends of what stands beside a file, compressed.
const COMPRESSED: [&str; 2] = ["br", "gz"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    #[expect(clippy::disallowed_methods, reason = "cargo tells a build script everything by its environment")]
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?);
    // Cargo marks the root of what it builds.
    let target = out.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    let built = target.map_or_else(|| out.join("no-web"), |target| target.join("web"));
    watch(&built)?;
    let copy = out.join("web");
    match fs::remove_dir_all(&copy) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => fs::create_dir_all(copy.join(ASSETS))?,
    }
    let index = built.join("index.html");
    let table = if index.is_file() {
        fs::copy(index, copy.join("index.html"))?;
        table(&assets(&built, &copy)?)
    } else {
        "Web { index: None, assets: &[] }\n".to_owned()
    };
    fs::write(out.join("web.rs"), table)?;
    Ok(())
}

/// Has this run again when the web app was built. Cargo takes a folder that is not there for one that has changed, at
/// every build; so it is made, and looks old.
fn watch(built: &Path) -> io::Result<()> {
    if !built.is_dir() {
        fs::create_dir_all(built)?;
        fs::File::open(built)?.set_modified(SystemTime::UNIX_EPOCH)?;
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", built.display());
    Ok(())
}

/// Copies the files below `assets`; their names, sorted.
fn assets(built: &Path, copy: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(built.join(ASSETS)).into_iter().flatten() {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_file() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
            fs::copy(entry.path(), copy.join(ASSETS).join(&name))?;
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// The table, as Rust.
fn table(names: &[String]) -> String {
    let beside = |name: &str, end: &str| names.iter().find(|other| **other == format!("{name}.{end}"));
    let bytes = |name: &str| format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/web/{ASSETS}/{name}\"))");
    let mut text =
        "Web { index: Some(include_bytes!(concat!(env!(\"OUT_DIR\"), \"/web/index.html\"))), assets: &[\n".to_owned();
    for name in names.iter().filter(|name| !COMPRESSED.iter().any(|end| name.ends_with(&format!(".{end}")))) {
        let [brotli, gzip] = COMPRESSED.map(|end| match beside(name, end) {
            Some(beside) => format!("Some({})", bytes(beside)),
            None => "None".to_owned(),
        });
        // Writing to a string does not fail.
        let _ = writeln!(text, "Asset {{ name: \"{name}\", plain: {}, brotli: {brotli}, gzip: {gzip} }},", bytes(name));
    }
    text + "] }\n"
}
