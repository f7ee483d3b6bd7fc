//! One conversation with one registry: requests, the token that it wants, and where it may send us.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use patchbay_egress::{Allowance, ExchangeError, Gate};
use patchbay_model::{Code, Fault};
use serde::Deserialize;
use url::Url;
use zeroize::Zeroizing;

use super::{Reference, Registries, challenge::Challenge};

/// Redirects in a row: to the bytes, and once more.
const FOLLOWED: usize = 3;
/// What a token and its wrapping may have, and how long they may take.
const TOKEN: Allowance = Allowance { bytes: 64 * 1024, time: Duration::from_secs(15) };
/// Bytes of a token.
const LONGEST_TOKEN: usize = 16 * 1024;
/// Letters of what a registry says that are shown.
const SHOWN: usize = 200;
/// Longest wait that is passed on.
const LONGEST_WAIT: u64 = 3_600;

/// What is asked.
#[derive(Clone)]
pub(super) struct Question {
    pub(super) method: Method,
    /// From `/v2/` on.
    pub(super) path: String,
    /// What is taken, where that matters.
    pub(super) accept: Option<&'static str>,
    /// What is sent, and its type.
    pub(super) body: Option<(&'static str, Bytes)>,
    pub(super) allowance: Allowance,
}

/// A conversation.
pub(super) struct Wire<'a> {
    gate: &'a Gate,
    registries: &'a Registries,
    reference: &'a Reference,
    /// `pull` or `pull,push`.
    actions: &'static str,
    authorization: Option<HeaderValue>,
}

impl<'a> Wire<'a> {
    pub(super) fn to(
        gate: &'a Gate,
        registries: &'a Registries,
        reference: &'a Reference,
        actions: &'static str,
    ) -> Self {
        Self { gate, registries, reference, actions, authorization: None }
    }

    /// One answer of the registry, or of where it keeps what was asked; a token is fetched when it wants one.
    pub(super) async fn ask(&mut self, question: &Question) -> Result<Response<Bytes>, Fault> {
        let address = self.at(&format!("https://{}{}", self.reference.registry(), question.path), None)?;
        let (first, from) = self.follow(question, address.clone()).await?;
        // Only the registry itself is told who asks: where its bytes lie nobody has to know.
        let asks = first.status() == StatusCode::UNAUTHORIZED && authority(&from) == self.reference.registry();
        if !asks || self.authorization.is_some() {
            return Ok(first);
        }
        self.identify(&first).await?;
        self.follow(question, address).await.map(|(answer, _)| answer)
    }

    /// The answer, and the address that gave it.
    async fn follow(&self, question: &Question, mut address: Url) -> Result<(Response<Bytes>, Url), Fault> {
        for _ in 0..=FOLLOWED {
            let answer = self.send(question, &address).await?;
            if !answer.status().is_redirection() || question.method != Method::GET {
                return Ok((answer, address));
            }
            let to = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
            address = self.at(to, Some(&address))?;
        }
        Err(self.failed("it sends from one place to the next"))
    }

    async fn send(&self, question: &Question, address: &Url) -> Result<Response<Bytes>, Fault> {
        let mut request = http::Request::builder().method(&question.method).uri(address.as_str());
        if let Some(accept) = question.accept {
            request = request.header(header::ACCEPT, accept);
        }
        // What proves who we are is for the registry alone, not for where it keeps its bytes.
        if let Some(proof) = self.authorization.as_ref().filter(|_| authority(address) == self.reference.registry()) {
            request = request.header(header::AUTHORIZATION, proof);
        }
        let body = match &question.body {
            Some((kind, bytes)) => {
                request = request.header(header::CONTENT_TYPE, *kind);
                bytes.clone()
            }
            None => Bytes::new(),
        };
        let request = request.body(body).map_err(|error| self.failed(&error.to_string()))?;
        self.exchange(request, address, question.allowance).await
    }

    async fn exchange(
        &self,
        request: http::Request<Bytes>,
        address: &Url,
        allowance: Allowance,
    ) -> Result<Response<Bytes>, Fault> {
        // Who lists a host with its port has allowed the port.
        let port = address.port_or_known_default().unwrap_or(443);
        let answer = self.gate.fetch(request, &[port], allowance).await;
        answer.map_err(|error| match error {
            ExchangeError::Denied(why) => {
                let own = match authority(address) {
                    own if own.starts_with("localhost:") => {
                        format!("\nOne on this machine that speaks no TLS: registries.plain_http = [\"{own}\"]")
                    }
                    _ => String::new(),
                };
                Fault::because(Code::RegistryNotAllowed, why + &own)
            }
            ExchangeError::TooLarge(bytes) => {
                Fault::because(Code::ArtifactWrong, format!("{} sends more than {bytes} bytes", authority(address)))
            }
            ExchangeError::NotSent(why) | ExchangeError::Unknown(why) | ExchangeError::Other(why) => {
                Fault::because(Code::RegistryFailed, format!("{} gave no answer: {why}", authority(address)))
            }
        })
    }

    /// An address that the registry named, if it may lead there. What it says plainly of itself is asked with TLS.
    fn at(&self, text: &str, from: Option<&Url>) -> Result<Url, Fault> {
        let nowhere = || self.failed("it sends to an address that is none");
        let parsed = match from {
            Some(from) => from.join(text),
            None => Url::parse(text),
        };
        let mut address = parsed.map_err(|_| nowhere())?;
        let to = authority(&address);
        if !matches!(address.scheme(), "https" | "http") || to.is_empty() {
            return Err(nowhere());
        }
        if !self.registries.may_lead(self.reference.registry(), &to) {
            return Err(Fault::because(
                Code::RegistryNotAllowed,
                format!(
                    "{} sends to {to}, which is not allowed; to allow it: registries.also = [\"{to}\"]",
                    self.reference.registry()
                ),
            ));
        }
        if address.scheme() == "http" {
            if to != self.reference.registry() {
                return Err(self.failed(&format!("it sends to {to} without TLS")));
            }
            // The gate knows which registries are plain; the port has to be said, since http has another usual one.
            address = Url::parse(&address.as_str().replacen("http://", "https://", 1)).map_err(|_| nowhere())?;
        }
        address.set_fragment(None);
        Ok(address)
    }

    /// An address within the answer to an upload, with a parameter at its end.
    pub(super) fn place_of(&self, answer: &Response<Bytes>, name: &str, value: &str) -> Result<String, Fault> {
        let said = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let registry = self.at(&format!("https://{}/", self.reference.registry()), None)?;
        let mut address = self.at(said, Some(&registry))?;
        if authority(&address) != self.reference.registry() {
            return Err(self.failed(&format!("it wants the bytes sent to {}", authority(&address))));
        }
        address.query_pairs_mut().append_pair(name, value);
        let query = address.query().map(|query| format!("?{query}")).unwrap_or_default();
        Ok(format!("{}{query}", address.path()))
    }

    /// Gets what the registry wants to see of who asks.
    async fn identify(&mut self, refusal: &Response<Bytes>) -> Result<(), Fault> {
        let challenges = refusal.headers().get_all(header::WWW_AUTHENTICATE);
        let challenge = challenges.iter().filter_map(|value| Challenge::read(value.to_str().ok()?)).next();
        let registry = self.reference.registry();
        let basic = self.registries.login(registry).map(|login| {
            let pair = Zeroizing::new(format!("{}:{}", login.user, login.password.expose()));
            format!("Basic {}", STANDARD.encode(pair.as_bytes()))
        });
        let proof = match challenge {
            None => return Err(self.failed("it wants to know who asks, in a way that nobody here knows")),
            Some(Challenge::Basic) => basic.ok_or_else(|| self.failed(&no_login(registry)))?,
            Some(Challenge::Bearer { realm, service }) => {
                let mut address = self.at(&realm, None)?;
                let scope = format!("repository:{}:{}", self.reference.repository(), self.actions);
                {
                    let mut query = address.query_pairs_mut();
                    query.append_pair("scope", &scope);
                    if let Some(service) = &service {
                        query.append_pair("service", service);
                    }
                }
                let mut request = http::Request::get(address.as_str());
                if let Some(basic) = &basic {
                    request = request.header(header::AUTHORIZATION, secret(basic).ok_or_else(|| self.failed(ODD))?);
                }
                let request = request.body(Bytes::new()).map_err(|error| self.failed(&error.to_string()))?;
                let answer = self.exchange(request, &address, TOKEN).await?;
                if !answer.status().is_success() {
                    return Err(match basic {
                        None => self.failed(&no_login(registry)),
                        Some(_) => self.failed(&format!(
                            "it gives no token for the login in registries.login: {}",
                            answer.status()
                        )),
                    });
                }
                let token = token(answer.body()).ok_or_else(|| self.failed("its token cannot be read"))?;
                format!("Bearer {}", *token)
            }
        };
        self.authorization = Some(secret(&proof).ok_or_else(|| self.failed(ODD))?);
        Ok(())
    }

    /// An answer that did what was asked, or why not; `what` is what was asked for.
    pub(super) fn done(&self, answer: Response<Bytes>, what: &str) -> Result<Response<Bytes>, Fault> {
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let registry = self.reference.registry();
        let mut fault = self.failed(&match status {
            StatusCode::NOT_FOUND => format!("it does not have {what}, or hides it from who has no login"),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                format!("it refuses {what} ({status}); a login stands in [[registries.login]] of {registry}")
            }
            StatusCode::TOO_MANY_REQUESTS => "it asks to wait".to_owned(),
            _ => format!("it answers {status} for {what}{}", said(answer.body())),
        });
        let wait = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        fault.retry_after = wait.map(|seconds: u64| Duration::from_secs(seconds.min(LONGEST_WAIT)));
        Err(fault)
    }

    pub(super) fn failed(&self, why: &str) -> Fault {
        Fault::because(Code::RegistryFailed, format!("{}: {why}", self.reference.registry()))
    }
}

const ODD: &str = "its login has letters that no header carries";

fn no_login(registry: &str) -> String {
    format!("it wants a login, and [[registries.login]] has none for {registry}")
}

/// Host, and the port where it is not the usual one.
pub(crate) fn authority(address: &Url) -> String {
    let host = address.host_str().unwrap_or_default();
    address.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Older registries call it `token`, OAuth `access_token`.
fn token(body: &[u8]) -> Option<Zeroizing<String>> {
    #[derive(Deserialize)]
    struct Issued {
        token: Option<String>,
        access_token: Option<String>,
    }
    let issued: Issued = serde_json::from_slice(body).ok()?;
    let token = Zeroizing::new(issued.token.or(issued.access_token)?);
    (!token.is_empty() && token.len() <= LONGEST_TOKEN).then_some(token)
}

/// What a registry says of its refusal, short and without what a terminal would obey.
fn said(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        errors: Vec<Reason>,
    }
    #[derive(Deserialize)]
    struct Reason {
        #[serde(default)]
        message: String,
    }
    let Ok(refusal) = serde_json::from_slice::<Refusal>(body) else { return String::new() };
    let Some(reason) = refusal.errors.into_iter().find(|reason| !reason.message.is_empty()) else {
        return String::new();
    };
    let plain: String = reason.message.chars().filter(|letter| !letter.is_control()).take(SHOWN).collect();
    format!(": {plain:?}")
}
