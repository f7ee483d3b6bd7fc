//! A project in Python: `componentize-py`, in an environment of the project.
//!
//! Everything lives below `.patchbay`: `venv` has the tools, of exact versions and hashes; `packages` has what the connector
//! itself needs (`requirements.txt`), pure Python only, because nothing else runs in a component. Both are made anew when what
//! they were made of has changed. Packages come as wheels, so that nothing of a stranger runs while they are installed.
//!
//! The work is done by `patchbay_build` of the SDK, in Python: it has to look at the connector's class.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::{component, tool};
use crate::{cli::embedded, exit::Stop};

/// The oldest Python that the SDK runs on.
const OLDEST: (u32, u32) = (3, 11);
/// The Python inside of a component, for which packages are chosen.
const INSIDE: &str = "3.14";
/// What a finished folder was made of, in a file of it.
const MADE_OF: &str = "patchbay-made-of.txt";

pub(super) fn build(dir: &Path, told: &mut dyn FnMut(String)) -> Result<PathBuf, Stop> {
    let own = dir.join(embedded::OWN);
    let sdk = own.join("sdk/python");
    let python = environment(&own, &sdk, told)?;
    let packages = packages(dir, &own, &python, told)?;
    let component = component(dir);
    let sources = sources(&[dir, &sdk, &packages, &own.join("wit")])?;
    let mark = own.join("component.made-of");
    if component.is_file() && std::fs::read_to_string(&mark).is_ok_and(|made_of| made_of == sources) {
        return Ok(component);
    }
    told("componentize-py".to_owned());
    let mut make = Command::new(&python);
    make.args(["-m", "patchbay_build"]).arg(dir).arg("--wit").arg(own.join("wit")).arg("--sdk").arg(&sdk);
    make.arg("--packages").arg(&packages).arg("--out").arg(&component);
    tool::output(calm(&mut make).env("PYTHONPATH", &sdk).env("VIRTUAL_ENV", own.join("venv")), told)?;
    std::fs::write(&mark, sources).map_err(|error| Stop::file("written", &mark, &error))?;
    Ok(component)
}

/// What a component is made of, as one digest: it takes a quarter of a minute, and nobody waits for the same one twice.
fn sources(folders: &[&Path]) -> Result<String, Stop> {
    let mut digest = Sha256::new();
    for folder in folders {
        for file in files(folder) {
            let bytes = std::fs::read(&file).map_err(|error| Stop::file("read", &file, &error))?;
            digest.update(file.to_string_lossy().as_bytes());
            digest.update(Sha256::digest(&bytes));
        }
    }
    Ok(HEXLOWER.encode(&digest.finalize()))
}

/// Ends of names that no module reads: what `package`, `sign` and an author write beside the code.
const NOT_SOURCES: &[&str] = &[".wasm", ".sig", ".part", "README.md", "CHANGELOG.md"];

/// The files below a folder that a module could read when it is imported, in order: not the tests, and not what tools keep.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let ours = !name.starts_with('.') && !["__pycache__", "tests", "fixtures", "node_modules"].contains(&&*name);
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && ours => found.extend(files(&path)),
            Ok(kind) if kind.is_file() && ours && !NOT_SOURCES.iter().any(|end| name.ends_with(end)) => {
                found.push(path)
            }
            Ok(_) | Err(_) => {}
        }
    }
    found.sort();
    found
}

/// The interpreter of an environment that has the tools.
fn environment(own: &Path, sdk: &Path, told: &mut dyn FnMut(String)) -> Result<PathBuf, Stop> {
    let tools = sdk.join("patchbay_build/tools.txt");
    let (found, version) = interpreter()?;
    let venv = own.join("venv");
    let python = venv.join("bin/python");
    once(&venv, &format!("Python {version}\n{}", read(&tools)?), || {
        told(format!("{found} -m venv, and pip install componentize-py"));
        let mut make = Command::new(found);
        let made = tool::output(calm(make.args(["-m", "venv", "--clear"]).arg(&venv)), told);
        made.map_err(|_| {
            Stop::failed(format!("{found} cannot make an environment: install its venv (Debian: python3-venv)"))
        })?;
        let mut pip = Command::new(&python);
        install(&mut pip).args(["--require-hashes", "--no-deps", "-r"]).arg(&tools);
        tool::output(calm(&mut pip), told).map(|_| ())
    })?;
    Ok(python)
}

/// The folder of what the connector needs besides the SDK; none is needed where there is no requirements.txt.
fn packages(dir: &Path, own: &Path, python: &Path, told: &mut dyn FnMut(String)) -> Result<PathBuf, Stop> {
    let (packages, wanted) = (own.join("packages"), dir.join("requirements.txt"));
    if !wanted.is_file() {
        remove(&packages)?;
        return Ok(packages);
    }
    let text = read(&wanted)?;
    once(&packages, &format!("Python {INSIDE}\n{text}"), || {
        told("pip install of requirements.txt".to_owned());
        if !text.contains("--hash=") {
            told("requirements.txt has no hashes: `pip-compile --generate-hashes` writes them, and pip then demands them".to_owned());
        }
        let mut pip = Command::new(python);
        install(&mut pip).arg("--target").arg(&packages).args(["--platform", "any", "--implementation", "py"]);
        pip.args(["--abi", "none", "--python-version", INSIDE, "-r"]).arg(&wanted);
        tool::output(calm(&mut pip), told).map(|_| ()).map_err(|stop| {
            let text = format!("{}; a connector can use packages of pure Python", stop.fault.person);
            Stop::failed(text)
        })
    })?;
    Ok(packages)
}

/// Fills a folder, unless it was filled and made of the same.
fn once(folder: &Path, of: &str, fill: impl FnOnce() -> Result<(), Stop>) -> Result<(), Stop> {
    let mark = folder.join(MADE_OF);
    if std::fs::read_to_string(&mark).is_ok_and(|made_of| made_of == of) {
        return Ok(());
    }
    remove(folder)?;
    fill()?;
    std::fs::create_dir_all(folder).map_err(|error| Stop::file("made", folder, &error))?;
    std::fs::write(&mark, of).map_err(|error| Stop::file("written", &mark, &error))
}

fn remove(folder: &Path) -> Result<(), Stop> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Stop::file("removed", folder, &error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// A Python that is new enough, and its version.
fn interpreter() -> Result<(&'static str, String), Stop> {
    let (major, minor) = OLDEST;
    let mut old = None;
    for name in ["python3", "python"] {
        let Some(version) = version_of(name) else { continue };
        if new_enough(&version) {
            return Ok((name, version));
        }
        old.get_or_insert(version);
    }
    let why = old.map_or_else(|| "python3 is missing".to_owned(), |version| format!("python3 is {version}"));
    Err(Stop::failed(format!("{why}: install Python {major}.{minor} or later with pip and venv, then build again")))
}

fn version_of(program: &str) -> Option<String> {
    let mut asked = Command::new(program);
    asked.args(["-c", "import platform; print(platform.python_version())"]);
    let answer = asked.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let version = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    (answer.status.success() && !version.is_empty()).then_some(version)
}

fn new_enough(version: &str) -> bool {
    let mut numbers = version.split('.').map_while(|part| part.parse::<u32>().ok());
    matches!((numbers.next(), numbers.next()), (Some(major), Some(minor)) if (major, minor) >= OLDEST)
}

/// pip, which installs wheels and nothing that has to be run.
fn install(pip: &mut Command) -> &mut Command {
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--only-binary", ":all:"])
}

/// Without what the author's shell says to another Python.
fn calm(command: &mut Command) -> &mut Command {
    command.env_remove("PYTHONHOME").env_remove("PYTHONPATH").env("PYTHONDONTWRITEBYTECODE", "1")
}

fn read(path: &Path) -> Result<String, Stop> {
    std::fs::read_to_string(path).map_err(|error| Stop::file("read", path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_python_that_is_too_old_or_says_nonsense_is_none() {
        for (version, enough) in
            [("3.11.0", true), ("3.14.0rc1", true), ("4.0", true), ("3.10.9", false), ("2.7", false), ("", false)]
        {
            assert_eq!(new_enough(version), enough, "{version}");
        }
        assert_eq!(version_of("no-such-python-anywhere"), None);
    }

    #[test]
    fn a_folder_is_filled_once_and_again_when_it_was_half_done_or_made_of_something_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let filled = folder.path().join("filled");
        let fill = |of: &str, works: bool| {
            let mut filling = false;
            let done = once(&filled, of, || {
                filling = true;
                std::fs::create_dir_all(filled.join("part")).expect("made");
                if works { Ok(()) } else { Err(Stop::failed("no network")) }
            });
            (filling, done.is_ok())
        };
        assert_eq!(fill("one", false), (true, false), "it was not finished");
        assert_eq!(fill("one", true), (true, true), "so it is filled again");
        assert_eq!(fill("one", true), (false, true));
        assert_eq!(fill("two", true), (true, true));
    }

    #[test]
    fn a_component_is_made_again_when_a_source_has_changed_and_not_when_a_test_has() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, text).expect("written");
            sources(&[folder.path()]).expect("readable")
        };
        let first = write("connector.py", "one");
        // The same sources in other bytes would no longer be what was signed.
        for name in ["tests/test_connector.py", "acme.wasm", ".patchbay/component.wasm", "acme.wasm.sig", "README.md"] {
            assert_eq!(write(name, "x"), first, "{name}");
        }
        assert_ne!(write("connector.py", "two"), first);
        assert_ne!(write("acme/data.json", "{}"), write("acme/data.json", "[]"));
    }

    #[test]
    fn the_tools_have_exact_versions_and_hashes() {
        let tools = include_str!("../../../../../sdk/python/patchbay_build/tools.txt");
        for line in tools.lines().filter(|line| !line.starts_with('#')) {
            assert!(line.contains("==") || line.trim_start().starts_with("--hash=sha256:"), "{line}");
        }
        assert!(tools.contains("componentize-py==0.25.1"));
    }
}
