//! Publishing: the layer, the config, and last the manifest, which makes both visible at once.
//!
//! **A tag says one thing.** Whoever wrote it down, with its digest in an index or without, is to get what they saw: what is
//! there already is looked at first. The same component with the same signature is what was wanted, so a command that is
//! repeated because its answer was lost changes nothing; anything else stays as it is unless it is to be replaced.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use oci_client::manifest::OCI_IMAGE_MEDIA_TYPE;
use patchbay_egress::{Allowance, Gate};
use patchbay_model::{
    Code, Fault, Timestamp,
    package::{self, Limits},
};

use super::{
    Kind, Reference, Registries,
    artifact::{self, digest},
    pull::MANIFEST,
    wire::{Question, Wire},
};

/// All that may lie under a tag: a registry that may not say what does says that nothing does.
const ANYTHING: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json";
/// A short answer.
const SHORT: Allowance = Allowance { bytes: 64 * 1024, time: Duration::from_secs(30) };
/// How long a component may take.
const UPLOAD: Allowance = Allowance { bytes: 64 * 1024, time: Duration::from_secs(600) };

/// What is published.
pub struct Publication {
    /// The packaged component.
    pub component: Vec<u8>,
    /// The signature document of it.
    pub signature: Option<String>,
    /// The license, as an SPDX expression.
    pub license: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// As what.
    pub kind: Kind,
    /// Whether it may take the place of something else under the tag.
    pub replace: bool,
}

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The connector.
    pub connector: String,
    /// Its version.
    pub version: String,
    /// The artifact, pinned: `registry/repository@sha256:…`.
    pub pinned: String,
    /// Bytes of the component.
    pub size: usize,
    /// SHA-256 of the component, hex.
    pub sha256: String,
    /// It lay there already, and nothing was sent.
    pub was_there: bool,
}

/// Puts a component into a registry under the tag of a reference.
///
/// # Errors
/// A component that no host would take is not sent at all; else what the registry does not let us do.
pub async fn publish(
    gate: &Gate,
    registries: &Registries,
    reference: &Reference,
    publication: Publication,
) -> Result<Published, Fault> {
    let Publication { component, signature, license, created, kind, replace } = publication;
    let Some(tag) = reference.only_tag() else {
        let text = format!("`{reference}` names a digest; what is published gets a tag: write :VERSION");
        return Err(Fault::because(Code::ReferenceInvalid, text));
    };
    let inspected = package::inspect(&component, Limits { component_bytes: component.len() })?;
    let artifact = artifact::build(&component, &inspected, signature.as_deref(), license.as_deref(), created, kind)
        .map_err(|error| Fault::new(Code::Internal).operator(error))?;
    let mut wire = Wire::to(gate, registries, reference, "pull,push");
    let size = component.len();
    let published = |is: &str, was_there: bool| Published {
        connector: inspected.manifest.id.clone(),
        version: inspected.manifest.version.clone(),
        pinned: reference.pinned(is),
        size,
        sha256: inspected.digest.clone(),
        was_there,
    };
    if !replace {
        match lies_there(&mut wire, reference, &digest(&component), signature.as_deref()).await? {
            There::Same(is) => return Ok(published(&is, true)),
            There::Else(is) => {
                return Err(Fault::because(
                    Code::ReferenceTaken,
                    format!(
                        "{reference} is something else already ({is}), and whoever was given that would get another one; \
                         publish it under a tag of its own, or add --replace"
                    ),
                ));
            }
            There::Nothing => {}
        }
    }
    upload(&mut wire, reference, component.into()).await?;
    upload(&mut wire, reference, artifact.config.into()).await?;
    let is = digest(&artifact.manifest);
    let question = Question {
        method: Method::PUT,
        path: format!("/v2/{}/manifests/{tag}", reference.repository()),
        accept: None,
        body: Some((OCI_IMAGE_MEDIA_TYPE, artifact.manifest.into())),
        allowance: SHORT,
    };
    let answer = wire.ask(&question).await?;
    if kind == Kind::Wasm && matches!(answer.status(), StatusCode::BAD_REQUEST | StatusCode::UNSUPPORTED_MEDIA_TYPE) {
        let refused = wire.done(answer, "the manifest").err().map(|fault| fault.person).unwrap_or_default();
        return Err(
            wire.failed(&format!("it refused the artifact ({refused}); try --as-image, which every registry knows"))
        );
    }
    wire.done(answer, "the manifest")?;
    Ok(published(&is, false))
}

/// What lies under a tag.
enum There {
    Nothing,
    /// This component with this signature; the digest of its manifest.
    Same(String),
    /// Anything else.
    Else(String),
}

async fn lies_there(
    wire: &mut Wire<'_>,
    reference: &Reference,
    component: &str,
    signature: Option<&str>,
) -> Result<There, Fault> {
    let path = format!("/v2/{}/manifests/{}", reference.repository(), reference.wanted());
    let question = Question { method: Method::GET, path, accept: Some(ANYTHING), body: None, allowance: MANIFEST };
    let answer = wire.ask(&question).await?;
    // A login that may write and not read is told so, and goes on with --replace: nothing is written over unseen.
    if answer.status() == StatusCode::NOT_FOUND {
        return Ok(There::Nothing);
    }
    let answer = wire.done(answer, "what lies under the tag now, which --replace does not ask")?;
    let is = digest(answer.body());
    let same = artifact::read(answer.body(), usize::MAX)
        .is_ok_and(|layer| layer.digest == component && layer.signature.as_deref() == signature.map(str::as_bytes));
    Ok(if same { There::Same(is) } else { There::Else(is) })
}

/// Bytes under their digest, unless they are there.
async fn upload(wire: &mut Wire<'_>, reference: &Reference, bytes: Bytes) -> Result<(), Fault> {
    let (repository, named) = (reference.repository(), digest(&bytes));
    let short = |method: Method, path: String| Question { method, path, accept: None, body: None, allowance: SHORT };
    // A push that was cut off goes on where it was, and the same component under another tag costs nothing.
    let there = wire.ask(&short(Method::HEAD, format!("/v2/{repository}/blobs/{named}"))).await?;
    if there.status() == StatusCode::OK {
        return Ok(());
    }
    let begun = wire.ask(&short(Method::POST, format!("/v2/{repository}/blobs/uploads/"))).await?;
    let begun = wire.done(begun, "to begin an upload")?;
    let path = wire.place_of(&begun, "digest", &named)?;
    let body = Some(("application/octet-stream", bytes));
    let sent = wire.ask(&Question { method: Method::PUT, path, accept: None, body, allowance: UPLOAD }).await?;
    wire.done(sent, "the upload").map(drop)
}
