//! Connections: accepted, served, and let go of when the server stops.

use crate::app::app;
use crate::error::Error;
use crate::peer::Peer;
use crate::service::Service;
use axum::Router;
use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

/// Connections at once; further ones wait to be accepted.
const CONNECTIONS: usize = 1024;

/// Time to send the head of a request, and time that a connection may idle.
const HEAD: Duration = Duration::from_mins(1);

/// Time before accepting is tried again when the system has no more sockets to give.
const BREATH: Duration = Duration::from_millis(200);

/// A server that has its port and does not answer yet.
pub struct Bound {
    runtime: Runtime,
    listener: TcpListener,
    address: SocketAddr,
}

impl Bound {
    /// Takes the port; port 0 takes any free one.
    pub fn to(address: SocketAddr) -> Result<Self, Error> {
        let threads = |source| Error::Threads { source };
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(threads)?;
        let listen = |source| Error::Listen { address, source };
        let listener = runtime.block_on(TcpListener::bind(address)).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        Ok(Self { runtime, listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until SIGTERM or SIGINT, then finishes what is under way; a second signal ends the
    /// process at once.
    pub fn serve(self, service: &Service) -> Result<(), Error> {
        // Handlers belong to the runtime that they are made in.
        let stop = self.runtime.block_on(async { signals() });
        let stop = stop.map_err(|source| Error::Threads { source })?;
        self.serve_until(service, stop);
        Ok(())
    }

    /// The same until `stop`.
    pub fn serve_until(self, service: &Service, stop: impl Future<Output = ()>) {
        self.runtime.block_on(run(self.listener, service, stop));
        service.close();
        // Connections that outlast the time to drain are not waited for.
        self.runtime.shutdown_background();
    }
}

/// Waits for the first signal and listens for a second one.
fn signals() -> std::io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        tokio::spawn(async move {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            std::process::exit(130);
        });
    })
}

/// Serves connections until `stop`, and those that are open then for as long as the settings say.
async fn run(listener: TcpListener, service: &Service, stop: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let router = app(service.clone());
    tokio::select! {
        () = accept(&listener, &router, &graceful, &places) => {}
        () = stop => {}
    }
    drop(listener);
    service.drain();
    tracing::info!("finishing what is under way");
    let drain = service.settings().drain;
    if timeout(drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were not finished within {} s", drain.as_secs());
    }
}

async fn accept(
    listener: &TcpListener,
    router: &Router,
    graceful: &GracefulShutdown,
    places: &Arc<Semaphore>,
) {
    loop {
        // Never closed, so there is always a place to come.
        let Ok(place) = Arc::clone(places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, peer)) => connect(stream, peer, router.clone(), graceful, place),
            Err(error) => {
                tracing::warn!("a connection was not accepted: {error}");
                sleep(BREATH).await;
            }
        }
    }
}

/// Serves one connection.
fn connect(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    graceful: &GracefulShutdown,
    place: OwnedSemaphorePermit,
) {
    // Answers are small and written whole; waiting for more of them only delays them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!("a connection broke: {error}");
        }
        drop(place);
    });
}
