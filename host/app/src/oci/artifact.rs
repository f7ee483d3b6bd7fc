//! How a connector lies in a registry: the CNCF's layout of a WebAssembly artifact.
//!
//! A manifest, a small config that says what the component imports and exports, and **one** layer: the packed component.
//! Signature and manifest of the connector stand in annotations as well, so that they can be read without fetching it;
//! what counts is what the component itself says. Registries that refuse a config of an unknown type take the same
//! layer under the config of an image ([`Kind::Image`]).

use std::collections::BTreeMap;

use oci_client::{
    annotations::{
        ORG_OPENCONTAINERS_IMAGE_CREATED, ORG_OPENCONTAINERS_IMAGE_DESCRIPTION, ORG_OPENCONTAINERS_IMAGE_LICENSES,
        ORG_OPENCONTAINERS_IMAGE_TITLE, ORG_OPENCONTAINERS_IMAGE_VERSION,
    },
    manifest::{IMAGE_CONFIG_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE, OciDescriptor, OciImageManifest, WASM_LAYER_MEDIA_TYPE},
};
use patchbay_model::{
    Timestamp,
    package::{self, Inspected, signature},
};
use serde_json::json;

use super::reference::is_digest;

/// The media type of the layer.
pub(super) const LAYER: &str = "application/wasm";
/// The media type of the config.
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// Where the detached signature stands: the JSON document.
const SIGNATURE: &str = "dev.patchbay.signature";
/// Where the connector's manifest stands once more: JSON.
const MANIFEST: &str = "dev.patchbay.manifest";
/// Bytes of a connector's manifest that still fit into an annotation; registries bound their manifests.
const ANNOTATED: usize = 256 * 1024;
/// What a component of today's tools runs on.
const OS: &str = "wasip2";

/// As what it is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// As what it is.
    #[default]
    Wasm,
    /// With the config of an image, for registries that know nothing else.
    Image,
}

/// What a manifest says of the one thing that is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layer {
    /// `sha256:…`.
    pub(super) digest: String,
    pub(super) size: usize,
    /// The signature document, as it stands there.
    pub(super) signature: Option<Vec<u8>>,
}

/// What is put into a registry.
pub(super) struct Artifact {
    pub(super) config: Vec<u8>,
    pub(super) manifest: Vec<u8>,
}

/// As registries name bytes.
pub(super) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", package::digest(bytes))
}

/// Reads the manifest of an artifact; `most` are the bytes that a component may have.
pub(super) fn read(bytes: &[u8], most: usize) -> Result<Layer, String> {
    let manifest: OciImageManifest = serde_json::from_slice(bytes).map_err(|error| {
        let list =
            serde_json::from_slice::<serde_json::Value>(bytes).is_ok_and(|value| value.get("manifests").is_some());
        if list {
            "it is a list of images for several machines, and no connector".to_owned()
        } else {
            format!("its manifest cannot be read: {error}")
        }
    })?;
    if manifest.schema_version != 2 {
        return Err(format!("its manifest is of version {}; 2 is known", manifest.schema_version));
    }
    let [layer] = manifest.layers.as_slice() else {
        let count = manifest.layers.len();
        return Err(format!("it has {count} layers, and a connector has one"));
    };
    if layer.media_type != LAYER && layer.media_type != WASM_LAYER_MEDIA_TYPE {
        let kind: String = layer.media_type.chars().take(100).collect();
        return Err(format!("its layer is of the type {kind:?}; a connector is {LAYER}"));
    }
    if !is_digest(&layer.digest) {
        return Err("its layer is named by no SHA-256".to_owned());
    }
    let size = usize::try_from(layer.size).map_err(|_| format!("its layer says that it has {} bytes", layer.size))?;
    if size > most {
        return Err(format!("its layer says that it has {size} bytes; limits.component_bytes is {most}"));
    }
    let signature = manifest.annotations.and_then(|mut all| all.remove(SIGNATURE)).map(String::into_bytes);
    // One that is too long is refused where signatures are judged; nothing is gained by carrying more of it.
    let signature = signature.map(|mut text| {
        text.truncate(signature::LONGEST + 1);
        text
    });
    Ok(Layer { digest: layer.digest.clone(), size, signature })
}

/// Lays a component out.
pub(super) fn build(
    component: &[u8],
    inspected: &Inspected,
    signature: Option<&str>,
    license: Option<&str>,
    created: Timestamp,
    kind: Kind,
) -> Result<Artifact, serde_json::Error> {
    let layer = digest(component);
    let config = match kind {
        Kind::Wasm => json!({
            "created": created.to_string(),
            "architecture": "wasm",
            "os": OS,
            "layerDigests": [layer],
            "component": { "imports": inspected.imports, "exports": exports(inspected), "target": null },
        }),
        Kind::Image => json!({
            "created": created.to_string(),
            "architecture": "wasm",
            "os": OS,
            "rootfs": { "type": "layers", "diff_ids": [layer] },
        }),
    };
    let config = serde_json::to_vec(&config)?;
    let described = |media_type: &str, bytes: &[u8]| OciDescriptor {
        media_type: media_type.to_owned(),
        digest: digest(bytes),
        size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
        ..OciDescriptor::default()
    };
    let says = &inspected.manifest;
    let mut annotations: BTreeMap<String, String> = [
        (ORG_OPENCONTAINERS_IMAGE_CREATED, created.to_string()),
        (ORG_OPENCONTAINERS_IMAGE_TITLE, says.name.clone()),
        (ORG_OPENCONTAINERS_IMAGE_DESCRIPTION, says.summary.clone()),
        (ORG_OPENCONTAINERS_IMAGE_VERSION, says.version.clone()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    annotations.extend(license.map(|license| (ORG_OPENCONTAINERS_IMAGE_LICENSES.to_owned(), license.to_owned())));
    annotations.extend(signature.map(|signature| (SIGNATURE.to_owned(), signature.to_owned())));
    let connector = serde_json::to_string(says)?;
    if connector.len() <= ANNOTATED {
        annotations.insert(MANIFEST.to_owned(), connector);
    }
    let config_type = match kind {
        Kind::Wasm => CONFIG,
        Kind::Image => IMAGE_CONFIG_MEDIA_TYPE,
    };
    let manifest = OciImageManifest {
        media_type: Some(OCI_IMAGE_MEDIA_TYPE.to_owned()),
        config: described(config_type, &config),
        layers: vec![described(LAYER, component)],
        annotations: Some(annotations),
        ..OciImageManifest::default()
    };
    Ok(Artifact { manifest: serde_json::to_vec(&manifest)?, config })
}

/// The interfaces of the contract that it exports.
fn exports(inspected: &Inspected) -> Vec<String> {
    let named = |name: &str, there: bool| there.then(|| format!("patchbay:connector/{name}@{}", inspected.contract));
    let exports = &inspected.exports;
    [named("auth", exports.auth), named("fetch", exports.fetch), named("push", exports.push)]
        .into_iter()
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(layers: &serde_json::Value) -> Vec<u8> {
        let config = json!({ "mediaType": CONFIG, "digest": digest(b"{}"), "size": 2 });
        json!({ "schemaVersion": 2, "config": config, "layers": layers }).to_string().into_bytes()
    }

    #[test]
    fn one_layer_of_wasm_is_a_connector() {
        for kind in [LAYER, "application/vnd.wasm.content.layer.v1+wasm"] {
            let layers = json!([{ "mediaType": kind, "digest": digest(b"x"), "size": 1 }]);
            let read = read(&manifest(&layers), 10).expect(kind);
            assert_eq!(read, Layer { digest: digest(b"x"), size: 1, signature: None });
        }
    }

    #[test]
    fn everything_else_is_refused_with_what_it_is() {
        let layer = |kind: &str, digest: &str, size: i64| json!({ "mediaType": kind, "digest": digest, "size": size });
        let good = layer(LAYER, &digest(b"x"), 1);
        for (layers, why) in [
            (json!([]), "0 layers"),
            (json!([good, good]), "2 layers"),
            (json!([layer("application/vnd.oci.image.layer.v1.tar+gzip", &digest(b"x"), 1)]), "tar+gzip"),
            (json!([layer(LAYER, "sha512:abc", 1)]), "SHA-256"),
            (json!([layer(LAYER, "sha256:../../etc/passwd", 1)]), "SHA-256"),
            (json!([layer(LAYER, &digest(b"x"), -1)]), "-1 bytes"),
            (json!([layer(LAYER, &digest(b"x"), 11)]), "11 bytes"),
            (json!([{ "digest": digest(b"x") }]), "cannot be read"),
        ] {
            let refusal = read(&manifest(&layers), 10).expect_err(why);
            assert!(refusal.contains(why), "{refusal}");
        }
        let list = json!({ "schemaVersion": 2, "manifests": [] }).to_string();
        assert!(read(list.as_bytes(), 10).expect_err("a list").contains("several machines"));
        assert!(read(b"<html>", 10).is_err());
        assert!(read(&[b'['; 100_000], 10).is_err(), "no depth of brackets brings the reader down");
    }
}
