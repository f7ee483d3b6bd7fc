//! A guest's request after every check that needs no waiting.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header};
use patchbay_model::{contract::Effect, manifest::Slot};
use sha2::{Digest, Sha256};

use crate::{
    Grant, Journal, Request, Writes, body, headers, redact::Masker, scope, slots, target::Target, wire::Outgoing,
};

/// Who asks, where the guest does not say (some providers refuse a request without it).
pub(crate) const AGENT: HeaderValue = HeaderValue::from_static("patchbay");
/// What the gate can unpack.
pub(crate) const CODING: HeaderValue = HeaderValue::from_static("gzip");

/// A request that may be sent.
pub(crate) struct Order {
    /// As it goes out, but for the credential.
    pub(crate) outgoing: Outgoing,
    /// Filled together; none for a request without a credential.
    pub(crate) slots: Vec<Slot>,
    pub(crate) write: Option<Step>,
    pub(crate) timeout: Option<Duration>,
    /// As the guest wrote it, for the search for secrets.
    url: String,
    given: usize,
}

/// The step of a write.
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) hash: [u8; 32],
    pub(crate) journal: Arc<dyn Journal>,
}

impl Order {
    /// The checks in their order; the text of a refusal names the manifest line that would help. `ports`
    /// are those that the operator allows.
    pub(crate) fn check(grant: &Grant, ports: &[u16], writes: &Writes, request: Request) -> Result<Self, String> {
        let target = Target::parse(&request.url).map_err(|reason| format!("the address is refused: {reason}"))?;
        let method = method(&request.method)?;
        let mut fields = headers::check(&request.headers, &grant.slots)?;
        let host = scope::find(grant, method.as_str(), &target, ports)?;
        slots::check_query(grant, target.query.as_deref())?;
        let slots = slots::choose(grant, host, &request.credential)?;
        let step = match request.effect {
            Effect::Read | Effect::Repeatable => None,
            Effect::Write => Some(step(writes, request.step)?),
        };
        let body = body::assemble(request.body, &mut fields)?;
        slots::check_body(&slots, &body)?;
        let given = fields.len();
        let write = step.map(|(name, journal)| Step { name, hash: hash(&method, &target, &fields, &body), journal });
        if !fields.iter().any(|(name, _)| *name == header::USER_AGENT) {
            fields.push((header::USER_AGENT, AGENT));
        }
        fields.push((header::ACCEPT_ENCODING, CODING));
        let outgoing = Outgoing { method, target, headers: fields, body };
        Ok(Self { outgoing, slots, write, timeout: request.timeout, url: request.url, given })
    }

    /// Whether a secret stands in what the guest sent. Asked before the credential is filled in.
    pub(crate) fn betrays(&self, masker: &Masker) -> bool {
        let in_header = |(name, value): &(HeaderName, HeaderValue)| {
            masker.finds_in_header(value.as_bytes()) || masker.finds(name.as_str().as_bytes())
        };
        masker.finds(self.url.as_bytes())
            || masker.finds(self.outgoing.target.path_and_query().as_bytes())
            || self.outgoing.headers.iter().take(self.given).any(in_header)
            || masker.finds(&self.outgoing.body)
    }
}

fn method(text: &str) -> Result<Method, String> {
    let known = !text.is_empty() && text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    match Method::from_bytes(text.as_bytes()) {
        Ok(method) if known && method != Method::CONNECT && method != Method::TRACE => Ok(method),
        _ => Err("the method is not one that may be sent: write it in upper case".to_owned()),
    }
}

fn step(writes: &Writes, step: Option<String>) -> Result<(String, Arc<dyn Journal>), String> {
    let Writes::Journal(journal) = writes else {
        return Err("a request of effect `write` is allowed only in `push`".to_owned());
    };
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
    match step {
        Some(name) if (1..=64).contains(&name.len()) && name.bytes().all(plain) => Ok((name, Arc::clone(journal))),
        _ => Err("a request of effect `write` names its step: [a-z0-9_-]{1,64}".to_owned()),
    }
}

/// What makes two requests the same; each field with its length, so that none runs into the next.
fn hash(method: &Method, target: &Target, headers: &[(HeaderName, HeaderValue)], body: &Bytes) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut field = |bytes: &[u8]| {
        hash.update(bytes.len().to_be_bytes());
        hash.update(bytes);
    };
    field(method.as_str().as_bytes());
    field(target.origin.to_string().as_bytes());
    field(target.path_and_query().as_bytes());
    field(&headers.len().to_be_bytes());
    for (name, value) in headers {
        field(name.as_str().as_bytes());
        field(value.as_bytes());
    }
    field(body);
    hash.finalize().into()
}
