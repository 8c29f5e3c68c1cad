//! Real connections: clients that hang up, and a server that stops.

use crate::fake::Fake;
use canto_serve::{Bound, Service, Settings};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::oneshot;

/// A server on a thread of its own.
struct Running {
    address: SocketAddr,
    model: Arc<Fake>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

fn running(settings: Settings) -> Running {
    let model = Arc::new(Fake::default());
    let service = Service::start(model.clone(), settings).unwrap();
    let bound = Bound::to(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let address = bound.address();
    let (stop, stopped) = oneshot::channel();
    let until = async {
        let _ = stopped.await;
    };
    let thread = thread::spawn(move || bound.serve_until(&service, until));
    Running { address, model, stop, thread }
}

impl Running {
    /// A connection on which lyrics were asked about.
    fn ask(&self, lyrics: &str) -> TcpStream {
        let body = format!(r#"{{"lyrics": "{lyrics}"}}"#);
        self.send(&format!(
            "POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    fn get(&self, path: &str) -> String {
        let mut stream =
            self.send(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"));
        read(&mut stream)
    }

    fn send(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        stream
    }

    fn until_waiting(&self, songs: usize) {
        let line = format!("canto_queue_songs {songs}\n");
        while !self.get("/metrics").contains(&line) {
            thread::yield_now();
        }
    }
}

/// All that comes until the server closes the connection.
fn read(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_client_that_hangs_up_is_not_scored() {
    let server = running(Settings::default());
    server.model.hold(true);
    let first = server.ask("first");
    server.model.wait_for_calls(1);
    let leaving = server.ask("leaving");
    server.until_waiting(1);
    drop(leaving);
    // It is noticed while nothing is taken out of the queue: only requests under way tell.
    while server.get("/metrics").contains("canto_requests_in_flight 3\n") {
        thread::yield_now();
    }
    let staying = server.ask("staying");
    server.until_waiting(2);
    server.model.hold(false);
    server.stop.send(()).unwrap();
    for mut stream in [first, staying] {
        assert!(read(&mut stream).starts_with("HTTP/1.1 200 OK\r\n"));
    }
    server.thread.join().unwrap();
    assert_eq!(server.model.calls(), [["first"], ["staying"]]);
}

#[test]
fn a_server_that_stops_finishes_what_is_under_way() {
    let server = running(Settings::default());
    server.model.hold(true);
    let mut idle = server.send("GET /health HTTP/1.1\r\nhost: x\r\n\r\n");
    let mut under_way = server.ask("r");
    server.model.wait_for_calls(1);
    server.stop.send(()).unwrap();
    // An idle connection is closed and no new one is taken, before the song is scored.
    assert!(read(&mut idle).starts_with("HTTP/1.1 200 OK\r\n"));
    while TcpStream::connect(server.address).is_ok() {
        thread::yield_now();
    }
    server.model.hold(false);
    let answer = read(&mut under_way);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("Rock"), "{answer}");
    server.thread.join().unwrap();
}

#[test]
fn a_server_that_stops_waits_only_so_long() {
    let server = running(Settings { drain: Duration::ZERO, ..Settings::default() });
    // A head that never ends.
    let _stuck = server.send("POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{");
    assert!(server.get("/health").contains("200 OK"));
    server.stop.send(()).unwrap();
    server.thread.join().unwrap();
}

#[test]
fn a_body_that_is_still_coming_is_refused_in_words() {
    let server = running(Settings { max_body: 1 << 10, ..Settings::default() });
    let mut stream = server.send(
        "POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: 12000\r\n\r\n",
    );
    for _ in 0..12 {
        stream.write_all(&[b' '; 1000]).unwrap();
    }
    let answer = read(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("\"code\":\"too_large\""), "{answer}");
    server.stop.send(()).unwrap();
    server.thread.join().unwrap();
}

#[test]
fn one_port_is_not_taken_twice() {
    let first = Bound::to(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let Err(error) = Bound::to(first.address()) else { panic!("the port is taken") };
    assert!(error.to_string().contains(&first.address().to_string()), "{error}");
    assert!(error.hint().unwrap().contains("--port"));
}
