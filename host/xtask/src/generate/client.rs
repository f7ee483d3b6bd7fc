//! The types of the published client (`sdk/client`), from the API's document.

use patchbay_test_support::npm;

use super::openapi;
use crate::{
    node,
    shell::{Result, Run, target},
};

/// From the root.
pub(super) const PATH: &str = "sdk/client/src/schema.d.ts";
const CLIENT: &str = "sdk/client";

/// The types, as the client's own generator writes them. From the document of the binary, not from the one in the tree,
/// which may be behind.
pub(super) fn schema() -> Result<String> {
    node::check()?;
    npm::install(CLIENT).map_err(|why| why.to_string())?;
    let (document, types) = (target().join("client-openapi.json"), target().join("client-schema.d.ts"));
    std::fs::write(&document, openapi()?).map_err(|error| format!("{}: {error}", document.display()))?;
    let generate = Run::program("npm", &["--prefix", CLIENT, "--silent", "run", "generate"]);
    generate.env("OPENAPI", &document).env("SCHEMA", &types).output()?;
    std::fs::read_to_string(&types).map_err(|error| format!("{}: {error}", types.display()))
}
