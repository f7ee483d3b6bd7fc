//! Fetching what a reference stands for: manifest, then layer, each compared with the digest that named it.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode, header};
use patchbay_egress::{Allowance, ExchangeError, Gate};
use patchbay_model::{Code, Fault};
use url::Url;

use super::{
    Reference, Registries,
    artifact::{self, digest},
    wire::{Question, Wire, authority},
};

/// A manifest: what registries themselves bound it by is four times as much.
pub(super) const MANIFEST: Allowance = Allowance { bytes: 1024 * 1024, time: Duration::from_secs(15) };
/// How long a component may take.
const LAYER: Duration = Duration::from_secs(300);
/// The kinds of manifest that are asked for.
const ACCEPTED: &str =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json;q=0.5";
const DIGEST: &str = "docker-content-digest";

/// What came.
pub(crate) struct Pulled {
    pub(crate) bytes: Vec<u8>,
    /// The signature document beside it.
    pub(crate) signature: Option<Vec<u8>>,
    /// What the reference stood for.
    pub(crate) digest: String,
}

/// Fetches it; a component has `most` bytes.
pub(crate) async fn pull(
    gate: &Gate,
    registries: &Registries,
    reference: &Reference,
    most: usize,
) -> Result<Pulled, Fault> {
    registries.allow(reference)?;
    let mut wire = Wire::to(gate, registries, reference, "pull");
    let question = Question {
        method: Method::GET,
        path: format!("/v2/{}/manifests/{}", reference.repository(), reference.wanted()),
        accept: Some(ACCEPTED),
        body: None,
        allowance: MANIFEST,
    };
    let answer = wire.ask(&question).await?;
    let answer = wire.done(answer, &format!("{}:{}", reference.repository(), reference.wanted()))?;
    let is = digest(answer.body());
    if reference.digest().is_some_and(|named| named != is) {
        return Err(wrong(
            reference,
            &format!("the manifest that came has the digest {is}, and not the one that was asked for"),
        ));
    }
    let claimed = answer.headers().get(DIGEST).and_then(|value| value.to_str().ok());
    if claimed.is_some_and(|claimed| claimed != is) {
        return Err(wrong(reference, "the registry names another digest than the manifest that it sent has"));
    }
    let layer = artifact::read(answer.body(), most).map_err(|why| wrong(reference, &why))?;

    let question = Question {
        method: Method::GET,
        path: format!("/v2/{}/blobs/{}", reference.repository(), layer.digest),
        accept: None,
        body: None,
        allowance: Allowance { bytes: layer.size, time: LAYER },
    };
    let answer = wire.ask(&question).await?;
    let bytes = wire.done(answer, &format!("the bytes of {}", layer.digest))?.into_body();
    if bytes.len() != layer.size {
        let text = format!("{} bytes came, and the manifest names {}", bytes.len(), layer.size);
        return Err(wrong(reference, &text));
    }
    let came = digest(&bytes);
    if came != layer.digest {
        return Err(wrong(
            reference,
            &format!("the bytes that came have the digest {came}, and the manifest names {}", layer.digest),
        ));
    }
    Ok(Pulled { bytes: bytes.into(), signature: layer.signature, digest: is })
}

/// Fetches a component by its plain address, from a host that the operator listed.
pub(crate) async fn fetch_address(
    gate: &Gate,
    registries: &Registries,
    address: &str,
    most: usize,
) -> Result<Bytes, Fault> {
    let parsed = Url::parse(address).ok().filter(|url| url.scheme() == "https" && url.host_str().is_some());
    let Some(url) = parsed else {
        return Err(Fault::because(Code::ReferenceInvalid, "the address is none that begins with https://"));
    };
    let host = authority(&url);
    if !registries.knows(&host) {
        let text = format!("{host} is not allowed; to allow it: registries.also = [\"{host}\"]");
        return Err(Fault::because(Code::RegistryNotAllowed, text));
    }
    let failed = |why: String| Fault::because(Code::RegistryFailed, format!("{host}: {why}"));
    let request = http::Request::get(url.as_str()).header(header::ACCEPT, artifact::LAYER).body(Bytes::new());
    let request = request.map_err(|error| failed(error.to_string()))?;
    let ports = [url.port_or_known_default().unwrap_or(443)];
    let answer = gate.fetch(request, &ports, Allowance { bytes: most, time: LAYER }).await;
    match answer {
        Ok(answer) if answer.status() == StatusCode::OK => Ok(answer.into_body()),
        Ok(answer) => Err(failed(format!("it answers {} for {}", answer.status(), url.path()))),
        Err(ExchangeError::Denied(why)) => Err(Fault::because(Code::RegistryNotAllowed, why)),
        Err(ExchangeError::TooLarge(bytes)) => {
            Err(Fault::because(Code::ArtifactWrong, format!("{host} sends more than {bytes} bytes")))
        }
        Err(error) => Err(failed(error.to_string())),
    }
}

fn wrong(reference: &Reference, why: &str) -> Fault {
    Fault::because(Code::ArtifactWrong, format!("{reference}: {why}"))
}
