//! A guest's request after every check that needs no waiting.

use std::{sync::Arc, time::Duration};

use http::{HeaderName, HeaderValue, Method, header};
use memchr::memmem;
use patchbay_model::{contract::Effect, manifest::Slot};
use sha2::{Digest, Sha256};

use crate::{
    AnswerSink, Grant, Journal, Rehearsal, Request, Writes, body, headers,
    outflow::EndedEarly,
    payload::Payload,
    redact::{Masker, Windows},
    scope, slots,
    target::Target,
    wire::Outgoing,
};

/// Who asks, where the guest does not say (some providers refuse a request without it).
pub(crate) const AGENT: HeaderValue = HeaderValue::from_static("patchbay");
/// What the gate can unpack.
pub(crate) const CODING: HeaderValue = HeaderValue::from_static("gzip");
/// Bytes of a guest's file that are searched at a time.
const SEARCHED: u32 = 256 * 1024;

/// A request that may be sent.
pub(crate) struct Order {
    /// As it goes out, but for the credential.
    pub(crate) outgoing: Outgoing,
    /// Filled together; none for a request without a credential.
    pub(crate) slots: Vec<Slot>,
    pub(crate) write: Option<Step>,
    /// It is noted there and not sent.
    pub(crate) held_back: Option<HeldBack>,
    pub(crate) timeout: Option<Duration>,
    /// Takes the answer's body.
    pub(crate) sink: Option<Arc<dyn AnswerSink>>,
    /// As the guest wrote it, for the search for secrets.
    pub(crate) url: String,
    given: usize,
}

/// The step of a write.
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) hash: [u8; 32],
    pub(crate) journal: Arc<dyn Journal>,
}

/// A request of a rehearsal.
pub(crate) struct HeldBack {
    pub(crate) rehearsal: Arc<dyn Rehearsal>,
    pub(crate) effect: Effect,
    pub(crate) step: Option<String>,
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
        if let Some(name) = &step {
            check_key(writes, name, &request.url, &fields, &body)?;
        }
        let given = fields.len();
        let (mut write, mut held_back) = (None, None);
        match writes {
            Writes::Rehearse(rehearsal) if !is_plain_read(request.effect, &method) => {
                held_back = Some(HeldBack { rehearsal: Arc::clone(rehearsal), effect: request.effect, step });
            }
            Writes::Journal(journal) => {
                let hash = || hash(&method, &target, &fields, &body);
                write = step.map(|name| Step { name, hash: hash(), journal: Arc::clone(journal) });
            }
            Writes::Forbidden | Writes::Rehearse(_) => {}
        }
        if !fields.iter().any(|(name, _)| *name == header::USER_AGENT) {
            fields.push((header::USER_AGENT, AGENT));
        }
        fields.push((header::ACCEPT_ENCODING, CODING));
        let outgoing = Outgoing { method, target, headers: fields, body };
        let Request { timeout, url, .. } = request;
        Ok(Self { outgoing, slots, write, held_back, timeout, sink: None, url, given })
    }

    /// With the answer's body for this sink.
    pub(crate) fn answered_to(self, sink: Option<Arc<dyn AnswerSink>>) -> Self {
        Self { sink, ..self }
    }

    /// The headers that the guest set, and the content type.
    pub(crate) fn given(&self) -> impl Iterator<Item = &(HeaderName, HeaderValue)> {
        self.outgoing.headers.iter().take(self.given)
    }

    /// Whether it carries files, which take as long as the other side lets them.
    pub(crate) fn has_files(&self) -> bool {
        !self.outgoing.body.files().is_empty()
    }

    /// Whether a secret stands in what the guest sent. Asked before the credential is filled in. Files
    /// that a tenant uploaded are its own, and are not read for it.
    pub(crate) async fn betrays(&self, masker: &Arc<Masker>) -> Result<bool, EndedEarly> {
        let in_header = |(name, value): &(HeaderName, HeaderValue)| {
            masker.finds_in_header(value.as_bytes()) || masker.finds(name.as_str().as_bytes())
        };
        if masker.finds(self.url.as_bytes())
            || masker.finds(self.outgoing.target.path_and_query().as_bytes())
            || self.given().any(in_header)
            || self.outgoing.body.written().into_iter().any(|text| masker.finds(text))
        {
            return Ok(true);
        }
        for file in self.outgoing.body.files().into_iter().filter(|file| file.made_here) {
            let mut windows = Windows::over(Arc::clone(masker));
            let mut at = 0;
            while at < file.size {
                let want = u32::try_from(file.size - at).unwrap_or(SEARCHED).min(SEARCHED);
                let read = file.source.read(at, want).await;
                let read = read.filter(|read| !read.is_empty() && read.len() <= want as usize).ok_or(EndedEarly)?;
                at += read.len() as u64;
                windows.take(&read);
            }
            windows.end();
            if windows.found() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn method(text: &str) -> Result<Method, String> {
    let known = !text.is_empty() && text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    match Method::from_bytes(text.as_bytes()) {
        Ok(method) if known && method != Method::CONNECT && method != Method::TRACE => Ok(method),
        _ => Err("the method is not one that may be sent: write it in upper case".to_owned()),
    }
}

/// Whether a rehearsal lets it pass. The effect decides, as it does in every run that only reads: many
/// providers are asked by POST, and who says `read` of what writes has written in each of those runs
/// already. Only a method that is for changing alone is never believed to read.
fn is_plain_read(effect: Effect, method: &Method) -> bool {
    effect == Effect::Read && !matches!(*method, Method::PUT | Method::PATCH | Method::DELETE)
}

fn step(writes: &Writes, step: Option<String>) -> Result<String, String> {
    if matches!(writes, Writes::Forbidden) {
        return Err("a request of effect `write` is allowed only in `push`".to_owned());
    }
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
    match step {
        Some(name) if (1..=64).contains(&name.len()) && name.bytes().all(plain) => Ok(name),
        _ => Err("a request of effect `write` names its step: [a-z0-9_-]{1,64}".to_owned()),
    }
}

/// Refuses a write without the key that makes a second one harmless: it would be sent again after a lost
/// answer, because the action says that the provider knows it by its key.
fn check_key(
    writes: &Writes,
    step: &str,
    url: &str,
    headers: &[(HeaderName, HeaderValue)],
    body: &Payload,
) -> Result<(), String> {
    let key = match writes {
        Writes::Forbidden => None,
        Writes::Journal(journal) => journal.key(step),
        Writes::Rehearse(rehearsal) => rehearsal.key(step),
    };
    let Some(key) = key else { return Ok(()) };
    let in_header = |(_, value): &(HeaderName, HeaderValue)| memmem::find(value.as_bytes(), key.as_bytes()).is_some();
    if url.contains(&key) || headers.iter().any(in_header) || body.carries(&key) {
        return Ok(());
    }
    Err(format!(
        "the write `{step}` does not carry its idempotency key: the action says `idempotency = \"key\"`, so put \
         run.step-key(\"{step}\") where the provider looks for it (a header, a parameter or a member of the body)"
    ))
}

/// What makes two requests the same; each field with its length, so that none runs into the next.
fn hash(method: &Method, target: &Target, headers: &[(HeaderName, HeaderValue)], body: &Payload) -> [u8; 32] {
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
    body.hash(&mut hash);
    hash.finalize().into()
}
