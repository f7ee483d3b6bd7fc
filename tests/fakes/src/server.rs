//! Listeners: TCP or TLS, HTTP/1.1 or 2, one buffered request to one buffered answer.

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming as Body, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::Notify,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    exchange::{Answer, Incoming, Port},
    fake::Fake,
    upload::Upload,
};

/// Largest body that is read; a connector sends at most 50 MiB.
const BODY_BYTES: usize = 64 * 1024 * 1024;

/// Takes connections until the runtime ends.
pub(crate) async fn listen(listener: TcpListener, tls: Option<TlsAcceptor>, fake: Arc<Fake>, port: Port) {
    loop {
        // A failed accept (the caller is gone already, or descriptors ran out) concerns that one only.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        // Small answers to many requests: waiting for more bytes would only slow the tests.
        drop(stream.set_nodelay(true));
        let (fake, tls) = (Arc::clone(&fake), tls.clone());
        tokio::spawn(async move {
            match tls {
                None => connection(stream, fake, port).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        connection(stream, fake, port).await;
                    }
                }
            }
        });
    }
}

async fn connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, fake: Arc<Fake>, port: Port) {
    let close = Arc::new(Notify::new());
    let closing = Arc::clone(&close);
    let service = service_fn(move |request| {
        let (fake, close) = (Arc::clone(&fake), Arc::clone(&closing));
        async move {
            let answer = match read(request, port, &fake).await {
                Some(request) => fake.serve(request).await,
                None => None,
            };
            match answer {
                Some(answer) => Ok::<_, Infallible>(response(answer)),
                None => {
                    close.notify_one();
                    std::future::pending().await
                }
            }
        }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    tokio::select! {
        // How a connection ended is the caller's concern.
        _ = builder.serve_connection(TokioIo::new(stream), service) => {}
        // Dropping the connection without a goodbye is what a lost answer looks like.
        () = close.notified() => {}
    }
}

/// The whole request; none when it was cut off or is too large.
async fn read(request: Request<Body>, port: Port, fake: &Fake) -> Option<Incoming> {
    let (parts, mut stream) = request.into_parts();
    let form = parts.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let digests = form.starts_with("multipart/") && fake.provider.digests(parts.method.as_str(), parts.uri.path());
    let mut upload = digests.then(|| Upload::of(form));
    let (mut body, mut length) = (Vec::new(), 0_usize);
    while let Some(frame) = stream.frame().await {
        let Ok(data) = frame.ok()?.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length > BODY_BYTES {
            return None;
        }
        match &mut upload {
            None => body.extend_from_slice(&data),
            Some(Ok(form)) => {
                if let Err(why) = form.feed(&data) {
                    upload = Some(Err(why));
                }
            }
            // The rest is read all the same, so that the caller gets an answer.
            Some(Err(_)) => {}
        }
    }
    let upload = upload.map(|form| form.and_then(Upload::finish));
    let mut headers: Vec<(String, String)> = parts
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    // HTTP/2 says the host in `:authority`.
    if let (None, Some(authority)) = (parts.headers.get("host"), parts.uri.authority()) {
        headers.push(("host".to_owned(), authority.to_string()));
    }
    let raw_query = parts.uri.query().unwrap_or_default().to_owned();
    Some(Incoming {
        port,
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: url::form_urlencoded::parse(raw_query.as_bytes()).into_owned().collect(),
        raw_query,
        headers,
        body,
        upload,
    })
}

fn response(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    // Only a rule can hold a header or status that cannot be sent; the test then sees what it asked for.
    response.body(Full::new(Bytes::from(answer.body))).unwrap_or_else(|error| {
        let mut response = Response::new(Full::new(Bytes::from(format!("the rule cannot be sent: {error}"))));
        *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}
