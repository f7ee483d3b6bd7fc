//! The door between generated bindings and the model's types: one module per released contract, and each
//! of them the only place that knows its bindings.

pub(crate) mod since_0_1_0;

pub(crate) use since_0_1_0::{Call, Guests, link};

use wasmtime::{Engine, component::Component};

/// The interfaces of a component that belong to the contract, as it names them, in a version that this host
/// does not speak.
pub(crate) fn foreign(component: &Component, engine: &Engine) -> Option<String> {
    let kind = component.component_type();
    let imports = kind.imports(engine).map(|(name, _)| name.to_owned());
    let exports = kind.exports(engine).map(|(name, _)| name.to_owned());
    imports.chain(exports).find(|name| is_ours(name) && !is_spoken(name))
}

fn is_ours(name: &str) -> bool {
    name.starts_with("patchbay:connector/")
}

fn is_spoken(name: &str) -> bool {
    name.rsplit_once('@').is_some_and(|(_, version)| {
        version.strip_prefix("0.1.").is_some_and(|patch| !patch.is_empty() && patch.bytes().all(|b| b.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_0_1_line_is_spoken() {
        assert!(is_spoken("patchbay:connector/fetch@0.1.0"));
        assert!(is_spoken("patchbay:connector/fetch@0.1.7"));
        for other in ["@0.2.0", "@1.0.0", "@0.1.0-rc.1", "@0.1.", ""] {
            assert!(!is_spoken(&format!("patchbay:connector/fetch{other}")), "{other}");
        }
        assert!(is_ours("patchbay:connector/fetch@9.0.0"));
        assert!(!is_ours("wasi:cli/run@0.2.0"));
    }
}
