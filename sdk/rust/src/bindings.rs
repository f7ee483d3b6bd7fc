//! What `wit-bindgen` makes of `wit/`. Private: the contract's Rust shape may change, the SDK's may not.
//!
//! The imports are made once. Each exported interface gets a small world of its own, because a component must export all
//! that its world names and a connector exports only what it does; the linker joins the worlds that a connector uses.

/// Types and imports.
pub(crate) mod host {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "patchbay:connector/host-side",
        generate_unused_types: true,
        generate_all,
    });
}

macro_rules! exports {
    ($module:ident, $world:literal, $text:literal, $export:literal) => {
        /// The world of one exported interface.
        pub mod $module {
            wit_bindgen::generate!({
                path: "../../wit",
                inline: $text,
                world: $world,
                with: { "patchbay:connector/types@0.1.0": crate::bindings::host::patchbay::connector::types },
                generate_all,
                pub_export_macro: true,
                export_macro_name: $export,
            });
        }
    };
}

exports!(
    auth,
    "only-auth",
    "package patchbay:sdk; world only-auth { export patchbay:connector/auth@0.1.0; }",
    "export_auth"
);
exports!(
    fetch,
    "only-fetch",
    "package patchbay:sdk; world only-fetch { export patchbay:connector/fetch@0.1.0; }",
    "export_fetch"
);
exports!(
    push,
    "only-push",
    "package patchbay:sdk; world only-push { export patchbay:connector/push@0.1.0; }",
    "export_push"
);
