//! Calling the fakes as a connector does: plain by `ureq`, TLS and HTTP/2 by `hyper`.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use patchbay_fakes::{Fakes, silverfin};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use serde_json::Value;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// How many records the body holds.
    pub(crate) fn count(&self) -> usize {
        self.json().as_array().map_or(0, Vec::len)
    }
}

/// One plain request; an error when the connection was closed without an answer.
pub(crate) fn plain(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Result<Answer, ureq::Error> {
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).proxy(None);
    let agent: ureq::Agent = config.accept_encoding("").build().into();
    let mut request = http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = if body.is_empty() {
        agent.run(request.body(()).expect("a good request"))?
    } else {
        agent.run(request.body(body.to_owned()).expect("a good request"))?
    };
    let headers = flat(response.headers());
    Ok(Answer { status: response.status().as_u16(), headers, body: response.body_mut().read_to_string()? })
}

/// One request to the GitHub fake, with the headers that its sheet asks for.
pub(crate) fn github(fakes: &Fakes, token: &str, method: &str, path: &str, body: &str) -> Result<Answer, ureq::Error> {
    let bearer = format!("Bearer {}", fakes.github.provider.token(token));
    let mut headers = vec![
        ("authorization", bearer.as_str()),
        ("accept", "application/vnd.github+json"),
        ("x-github-api-version", "2022-11-28"),
        ("user-agent", "patchbay-test"),
        ("host", "api.github.com"),
    ];
    if !body.is_empty() {
        headers.push(("content-type", "application/json"));
    }
    plain(method, &format!("{}{path}", fakes.github.plain), &headers, body)
}

/// One request to the Silverfin fake over TLS and HTTP/2, trusting its authority only.
pub(crate) fn silverfin(fakes: &Fakes, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    try_silverfin(fakes, method, path, headers, body).expect("an answer")
}

/// The same; none when the connection was closed without an answer.
pub(crate) fn try_silverfin(
    fakes: &Fakes,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Option<Answer> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(secure(fakes, method, path, headers, body))
}

async fn secure(fakes: &Fakes, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Option<Answer> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(fakes.ca_pem_path()).expect("a PEM file")).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let address = fakes.silverfin.rewrite.connect.strip_prefix("https://").expect("an https origin");
    let stream = tokio::net::TcpStream::connect(address).await.expect("a connection");
    let name = ServerName::try_from(silverfin::HOST).expect("a name");
    let stream = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("TLS");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    let (mut send, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("HTTP/2");
    tokio::spawn(connection);
    let mut request = http::Request::builder().method(method).uri(format!("{}{path}", silverfin::ORIGIN));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = Full::new(Bytes::copy_from_slice(body.as_bytes()));
    let response = send.send_request(request.body(body).expect("a good request")).await.ok()?;
    let (status, headers) = (response.status().as_u16(), flat(response.headers()));
    let mut stream = response.into_body();
    let mut bytes = Vec::new();
    while let Some(frame) = stream.frame().await {
        bytes.extend_from_slice(&frame.expect("a frame").into_data().unwrap_or_default());
    }
    Some(Answer { status, headers, body: String::from_utf8(bytes).expect("text") })
}

fn flat(headers: &http::HeaderMap) -> BTreeMap<String, String> {
    let text = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}
