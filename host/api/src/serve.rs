//! The door: takes connections, bounds what each may cost, and closes in a bounded time.
//!
//! Whoever reaches the address can open sockets, before any key is looked at. So connections are counted
//! (the next one waits in the system's queue), and a client that stands still is sent away wherever it
//! stands: see [`Patience`].

mod patience;

use std::{
    io::{Error, ErrorKind},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::Router;
use hyper::{
    Request,
    body::Incoming,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use patchbay_app::Peer;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{Instant, timeout_at},
};

use self::patience::{Paced, Patience, Socket};
use crate::{Api, router};

/// Requests of one HTTP/2 connection that are worked on at the same time.
const STREAMS: u32 = 100;

/// How long nothing is accepted after the system refused, which it does when descriptors are used up.
const BREATH: Duration = Duration::from_millis(250);

/// Serves the API on a listener until `stop` turns true, then answers the requests in flight for at most
/// `grace`. Connections that are still open then are closed.
///
/// Returns the moment at which `grace` is over, so that what is ended afterwards can share it.
pub async fn serve(listener: TcpListener, mut api: Api, stop: watch::Receiver<bool>, grace: Duration) -> Instant {
    let connections = api.limits.connections;
    api.stop = Some(stop.clone());
    Door { routes: router(api), connections, patience: Patience::STANDARD }.open(listener, stop, grace).await
}

struct Door {
    routes: Router,
    connections: usize,
    patience: Patience,
}

impl Door {
    async fn open(self, listener: TcpListener, stop: watch::Receiver<bool>, grace: Duration) -> Instant {
        let places = Arc::new(Semaphore::new(self.connections.clamp(1, Semaphore::MAX_PERMITS)));
        let mut connections = JoinSet::new();
        let mut stopped = pin!(told(stop.clone()));
        loop {
            tokio::select! {
                biased;
                () = &mut stopped => break,
                Some(_) = connections.join_next() => {}
                (stream, peer, place) = accept(&listener, &places) => {
                    let connection = attend(stream, peer, self.routes.clone(), self.patience, stop.clone());
                    connections.spawn(async move {
                        connection.await;
                        drop(place);
                    });
                }
            }
        }
        let deadline = Instant::now() + grace;
        // Whoever comes now is refused by the system at once, instead of waiting for nobody.
        drop(listener);
        let all = async { while connections.join_next().await.is_some() {} };
        if timeout_at(deadline, all).await.is_err() {
            tracing::warn!(open = connections.len(), "requests did not end in time; their connections are closed");
        }
        // Dropping the set ends what is left. A handler may be dropped: state changes in tasks of the host.
        deadline
    }
}

/// Waits until the host is to stop. A sender that is gone means the same as one that says so.
async fn told(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The next connection, once there is a place for it.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> (TcpStream, Peer, Option<OwnedSemaphorePermit>) {
    // Nobody closes the semaphore.
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, address)) => return (stream, Peer::at(address.ip()), place),
            Err(error) if left_again(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted");
                breathe().await;
            }
        }
    }
}

/// Whether the error is that of one client that went while it waited.
fn left_again(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::Interrupted
    )
}

#[expect(clippy::disallowed_methods, reason = "accepting fails at once and again until a descriptor is free")]
async fn breathe() {
    tokio::time::sleep(BREATH).await;
}

/// Answers the requests of one connection. Each of them carries where it comes from.
async fn attend(stream: TcpStream, peer: Peer, routes: Router, patience: Patience, stop: watch::Receiver<bool>) {
    // Without it an answer in two writes waits for the client's delayed acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection without TCP_NODELAY");
    }
    let routes = TowerToHyperService::new(routes);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        routes.call(request.map(|body| Paced::new(body, patience.body)))
    });
    let protocol = protocol(patience);
    let mut connection = pin!(protocol.serve_connection(TokioIo::new(Socket::new(stream, patience)), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = told(stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, "a connection ended early");
    }
}

fn protocol(patience: Patience) -> Builder<TokioExecutor> {
    let mut protocol = Builder::new(TokioExecutor::new());
    protocol.http1().timer(TokioTimer::new()).header_read_timeout(patience.head);
    protocol
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(patience.ping)
        .keep_alive_timeout(patience.pong)
        .max_concurrent_streams(STREAMS);
    protocol
}

#[cfg(test)]
mod tests;
