//! What tests may do to a running host is not in a released one: it stands behind
//! `#[cfg(debug_assertions)]`, held by the text of the sources, because a release build takes too long for
//! every change.

use super::{
    Breach,
    lexer::code_only,
    sources::{Source, breach, is_test, product},
};

/// The one file that names the variables.
const HOME: &str = "host/patchbay/src/hooks.rs";
const MAIN: &str = "host/patchbay/src/main.rs";
/// The moments that a test may name.
const FAILPOINT: &str = "host/model/src/failpoint.rs";
const VARIABLE: &str = "PATCHBAY_TEST_";
/// Begins like them and is none: it tells tests of a database, and a host lets it pass.
const DATABASE: &str = "PATCHBAY_TEST_POSTGRES";
const GATE: &str = "#[cfg(debug_assertions)]";

const WHY: &str =
    "a released host whose clock a variable moves, or which a variable stops, is broken into by a variable";
const INSTEAD: &str =
    "put it into host/patchbay/src/hooks.rs, and #[cfg(debug_assertions)] on the line before each use of that module";

pub(super) fn check(sources: &[Source]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in sources.iter().filter(|source| ours(source)) {
        let product = product(source);
        if source.path() != HOME {
            let named = product.lines().position(|line| line.replace(DATABASE, "").contains(VARIABLE));
            breaches.extend(named.map(|at| found(source, at, "names a variable of the test hooks")));
        }
        let code = code_only(product);
        for (at, line) in code.lines().enumerate() {
            if opens(source.path(), line) && !gated(&code, at) {
                breaches.push(found(source, at, "a test hook in a release build"));
            }
        }
    }
    let home = sources.iter().find(|source| source.path() == HOME);
    let main = sources.iter().find(|source| source.path() == MAIN);
    if let Some(home) = home.filter(|_| main.is_none_or(|main| !gates_the_module(main.text()))) {
        breaches.push(found(home, 0, "the module is not behind #[cfg(debug_assertions)] in main.rs"));
    }
    breaches
}

fn ours(source: &Source) -> bool {
    source.path().starts_with("host/") && !source.path().starts_with("host/xtask/") && !is_test(source)
}

/// Whether a line of code lets a hook in.
fn opens(path: &str, line: &str) -> bool {
    if path == HOME {
        return false;
    }
    if path == FAILPOINT {
        let line = line.trim_start();
        return ["pub fn install", "pub type Hook", "static HOOK"].iter().any(|start| line.starts_with(start));
    }
    let words = || line.split(|char: char| !char.is_alphanumeric() && char != '_');
    line.contains("failpoint::install") || (path.starts_with("host/patchbay/") && words().any(|word| word == "hooks"))
}

/// Whether the line before says that this is of debug builds only.
fn gated(code: &str, at: usize) -> bool {
    at.checked_sub(1).and_then(|before| code.lines().nth(before)).is_some_and(|line| line.trim() == GATE)
}

fn gates_the_module(main: &str) -> bool {
    main.contains("#[cfg(debug_assertions)]\nmod hooks;\n")
}

fn found(source: &Source, at: usize, what: &str) -> Breach {
    breach(source, at + 1, what.to_owned(), WHY, INSTEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(sources: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<Source> = sources.iter().map(|(path, text)| Source::of(path, text)).collect();
        check(&sources).into_iter().map(|breach| breach.place).collect()
    }

    const MODULE: (&str, &str) = (MAIN, "#[cfg(debug_assertions)]\nmod hooks;\n");

    #[test]
    fn a_hook_behind_its_gate_is_fine() {
        let serve = "fn a() {\n    #[cfg(debug_assertions)]\n    let clock = crate::hooks::install(clock);\n}\n";
        let hooks = "const A: &str = \"PATCHBAY_TEST_CLOCK\";\nfn a() { failpoint::install(b) }\n";
        assert_eq!(places(&[MODULE, (HOME, hooks), ("host/patchbay/src/serve.rs", serve)]), Vec::<String>::new());
    }

    #[test]
    fn a_hook_without_its_gate_is_found() {
        assert_eq!(places(&[(MAIN, "mod hooks;\n"), (HOME, "")]), [format!("{MAIN}:1"), format!("{HOME}:1")]);
        assert_eq!(places(&[(MAIN, ""), (HOME, "")]), [format!("{HOME}:1")]);
        let serve = "#[cfg(debug_assertions)]\nuse crate::b;\nlet clock = hooks::install(clock);\n";
        assert_eq!(
            places(&[MODULE, (HOME, ""), ("host/patchbay/src/serve.rs", serve)]),
            ["host/patchbay/src/serve.rs:3"]
        );
        let elsewhere = "fn a() { patchbay_model::failpoint::install(b) }\n";
        assert_eq!(places(&[("host/app/src/a.rs", elsewhere)]), ["host/app/src/a.rs:1"]);
    }

    #[test]
    fn a_gate_in_a_comment_is_none() {
        assert_eq!(places(&[("host/app/src/a.rs", "// #[cfg(debug_assertions)]\nfailpoint::install(b);\n")]).len(), 1);
    }

    #[test]
    fn the_variables_are_named_in_one_file_and_in_tests() {
        let text = "const A: &str = \"PATCHBAY_TEST_CLOCK\";\n";
        assert_eq!(places(&[("host/patchbay/src/serve.rs", text)]), ["host/patchbay/src/serve.rs:1"]);
        assert_eq!(
            places(&[("tests/it/src/rig.rs", text), ("host/patchbay/src/config/tests.rs", text)]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn the_database_of_the_tests_is_no_hook() {
        let text = "const A: &[&str] = &[\"PATCHBAY_TEST_POSTGRES\", \"PATCHBAY_TEST_POSTGRES_BIN\"];\n";
        assert_eq!(places(&[("host/patchbay/src/config/source.rs", text)]), Vec::<String>::new());
        let both = "const A: &[&str] = &[\"PATCHBAY_TEST_POSTGRES\", \"PATCHBAY_TEST_CLOCK\"];\n";
        assert_eq!(places(&[("host/patchbay/src/config/source.rs", both)]).len(), 1);
    }

    #[test]
    fn the_hook_of_the_model_stands_behind_its_gate() {
        let fine = "#[cfg(debug_assertions)]\nstatic HOOK: A = A;\n#[cfg(debug_assertions)]\npub fn install(a: A) {}\n";
        assert_eq!(places(&[(FAILPOINT, fine)]), Vec::<String>::new());
        assert_eq!(places(&[(FAILPOINT, "static HOOK: A = A;\npub fn install(a: A) {}\n")]).len(), 2);
    }
}
