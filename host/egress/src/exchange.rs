//! Requests of the host itself: token addresses, logos, registries of connectors.
//!
//! The same addresses, the same TLS and the same bounded reading as for a guest, but no pool (a
//! client's secret travels alone), no redirects and a small answer, unless whoever asks says how large.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use bytes::Bytes;
use http::header;
use patchbay_model::Code;
use tokio::time::timeout;

use crate::{
    Gate,
    answer::{self, ReadError, To},
    dial::DialError,
    order::{AGENT, CODING},
    outflow::Outflow,
    payload::Payload,
    target::Target,
    wire::{Outgoing, WireError},
};

/// Bytes of an answer.
const ANSWER_BYTES: usize = 64 * 1024;

/// How much a request of the host may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Bytes of the answer's body.
    pub bytes: usize,
    /// The whole of it, from looking up the name to the last byte.
    pub time: Duration,
}

impl Allowance {
    /// What a token or a logo needs.
    pub(crate) fn usual(gate: &Gate) -> Self {
        Self { bytes: ANSWER_BYTES, time: gate.timeouts().exchange }
    }
}

/// Why a request of the host has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// The address is not one that may be asked.
    #[error("refused: {0}")]
    Denied(String),
    /// Surely nothing left.
    #[error("not sent: {0}")]
    NotSent(String),
    /// It may have left, and no answer came.
    #[error("the outcome is unknown: {0}")]
    Unknown(String),
    /// The answer passes this many bytes.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(u64),
    /// An answer that cannot be read.
    #[error("{0}")]
    Other(String),
}

/// Which addresses a request of the host may lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Public ones, and what the operator opened besides.
    Granted,
    /// Public ones.
    Public,
}

pub(crate) async fn run(
    gate: &Gate,
    request: http::Request<Bytes>,
    extra_ports: &[u16],
    reach: Reach,
    allowance: Allowance,
) -> Result<http::Response<Bytes>, ExchangeError> {
    let answered = checked(gate, request, extra_ports, reach, allowance).await;
    if matches!(answered, Err(ExchangeError::Denied(_))) {
        gate.refused(Code::EgressDenied, None);
    }
    answered
}

async fn checked(
    gate: &Gate,
    request: http::Request<Bytes>,
    extra_ports: &[u16],
    reach: Reach,
    allowance: Allowance,
) -> Result<http::Response<Bytes>, ExchangeError> {
    let (head, body) = request.into_parts();
    let denied = |reason: &str| ExchangeError::Denied(reason.to_owned());
    let target = Target::parse(&head.uri.to_string()).map_err(denied)?;
    let port = target.origin.port;
    if port != 443 && !gate.ports().contains(&port) && !extra_ports.contains(&port) {
        return Err(ExchangeError::Denied(format!(
            "port {port} is not allowed; to allow it: egress.allowed_ports = [{port}], or at an address of a \
             customer's own, in its [[host]]: ports = [{port}]"
        )));
    }
    let mut headers = vec![(header::USER_AGENT, AGENT), (header::ACCEPT_ENCODING, CODING)];
    let framing = [header::HOST, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION];
    for (name, value) in &head.headers {
        if !framing.contains(name) && *name != header::ACCEPT_ENCODING {
            headers.retain(|(own, _)| own != name || *own != header::USER_AGENT);
            headers.push((name.clone(), value.clone()));
        }
    }
    let outgoing = Outgoing { method: head.method, target, headers, body: Payload::Bytes(body) };
    let limit = allowance.time;
    let answer = timeout(limit, Box::pin(send(gate, &outgoing, reach, allowance.bytes))).await;
    let answered = answer
        .unwrap_or_else(|_| Err(ExchangeError::Unknown(format!("it took longer than {} s", limit.as_secs_f32()))));
    tracing::info!(
        method = outgoing.method.as_str(),
        origin = %outgoing.target.origin,
        status = answered.as_ref().map_or(0, |answer| answer.status().as_u16()),
        error = answered.as_ref().err().map(tracing::field::display),
        "egress of the host"
    );
    answered
}

async fn send(
    gate: &Gate,
    outgoing: &Outgoing,
    reach: Reach,
    bytes: usize,
) -> Result<http::Response<Bytes>, ExchangeError> {
    let timeouts = gate.timeouts();
    let dialer = gate.dialer();
    let policy = match reach {
        Reach::Granted => &dialer.policy,
        Reach::Public => &dialer.public,
    };
    let mut wire = dialer.open_where(&outgoing.target.origin, policy).await.map_err(|error| match error {
        DialError::Denied(reason) => ExchangeError::Denied(reason),
        DialError::Untrusted(reason) | DialError::Failed(reason) => ExchangeError::NotSent(reason),
    })?;
    let pieces = outgoing.body.pieces().map_err(ExchangeError::Denied)?;
    let body = Outflow::of(&pieces, Arc::default());
    let response = wire.send(outgoing, body, timeouts.first_byte).await.map_err(|error| match error {
        WireError::NotSent(reason) => ExchangeError::NotSent(reason),
        WireError::Unknown(reason) | WireError::Slow(reason) => ExchangeError::Unknown(reason),
        WireError::EndedEarly(error) => ExchangeError::Unknown(error.to_string()),
        WireError::TooLarge(bytes) => ExchangeError::TooLarge(bytes),
    })?;
    let came = AtomicU64::default();
    let answer =
        answer::read(response, To::Memory(bytes), timeouts.progress, &came).await.map_err(|error| match error {
            ReadError::TooLarge(bytes) => ExchangeError::TooLarge(bytes),
            ReadError::Broken(reason) => ExchangeError::Other(reason),
            ReadError::Lost(reason) => ExchangeError::Unknown(reason),
        })?;
    let mut response = http::Response::new(Bytes::from(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    Ok(response)
}
