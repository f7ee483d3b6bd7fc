//! Actions, and the schemas of whatever a person or an operator fills in.

use serde_json::Value;

use super::{names, root};
use crate::manifest::{
    Action, Idempotency, Manifest, compile_schema, parse_duration,
    problem::{Findings, Path},
};

pub(super) fn check(manifest: &Manifest, findings: &mut Findings) {
    let at = |index, key: &str| root().entry("action", index).key(key);
    for (index, action) in manifest.actions.iter().enumerate() {
        names::name(&action.name, at(index, "name"), findings);
        names::said(&action.title, 100, at(index, "title"), findings);
        names::said(&action.meaning, 400, at(index, "meaning"), findings);
        object_schema(&action.schema, at(index, "schema"), findings);
        if let Some(target) = &action.target {
            object_schema(target, at(index, "target"), findings);
        }
        picker(manifest, action, index, findings);
        if let Some(life) = &action.key_life {
            if let Err(error) = parse_duration(life) {
                findings.add(at(index, "key-life"), error, "write how long the provider knows a key, e.g. 5m");
            }
            if action.idempotency != Idempotency::Key {
                let message = "the provider is given no key";
                findings.add(at(index, "key-life"), message, "leave it out, or write idempotency = \"key\"");
            }
        }
        if let Some(settle) = &action.settle
            && let Err(error) = parse_duration(settle)
        {
            findings.add(at(index, "settle"), error, "write how long the provider takes to show a write, e.g. 120s");
        }
    }
    names::unique(
        manifest.actions.iter().enumerate().map(|(i, action)| (action.name.as_str(), at(i, "name"))),
        findings,
    );
}

/// A schema that compiles and says `"type": "object"`; gives whether it is good.
pub(super) fn object_schema(schema: &Value, path: Path, findings: &mut Findings) -> bool {
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        let message = "this is not the JSON Schema of an object";
        findings.add(path, message, "write a JSON object with \"type\": \"object\" and \"properties\"");
        return false;
    }
    match compile_schema(schema) {
        Ok(_) => true,
        Err(error) => {
            findings.add(
                path,
                format!("this is not a JSON Schema that can be used: {error}"),
                "correct the schema there",
            );
            false
        }
    }
}

fn picker(manifest: &Manifest, action: &Action, index: usize, findings: &mut Findings) {
    let Some(picker) = &action.picker else { return };
    let path = root().entry("action", index).key("picker");
    if manifest.picker(picker).is_none() {
        let pickers: Vec<_> = manifest.pickers.iter().map(|picker| picker.name.as_str()).collect();
        let remedy = if pickers.is_empty() {
            format!("write a [[picker]] with name = {picker:?}")
        } else {
            format!("name one of the pickers: {}", pickers.join(", "))
        };
        findings.add(path.clone(), format!("there is no picker {picker:?}"), remedy);
    }
    let id = action.target.as_ref().and_then(|target| target.pointer("/properties/id"));
    if id.is_none() {
        findings.add(
            path,
            "what the picker picks has no place in the target",
            "write a target schema with the property \"id\", or leave the picker out",
        );
    }
}
