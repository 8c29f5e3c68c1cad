//! A server over the invented model, that can be stopped and started again where it was.

use crate::invented::Invented;
use canto_serve::{Bound, Model, Prediction, Question, Service, Settings};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::oneshot;

/// A running server, or one that was stopped.
pub(crate) struct Server {
    address: SocketAddr,
    settings: Settings,
    pace: Duration,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Server {
    pub(crate) fn start(settings: Settings) -> Self {
        Self::slow(settings, Duration::ZERO)
    }

    /// Scores songs one by one, each in this time.
    pub(crate) fn slow(settings: Settings, pace: Duration) -> Self {
        // What is under way when it stops is cut off, as when a machine goes down.
        let settings = Settings { drain: Duration::ZERO, batch_tokens: 1, ..settings };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut server = Self { address, settings, pace, running: None };
        server.start_again();
        server
    }

    pub(crate) fn start_again(&mut self) {
        let model = Arc::new(Invented::new(self.pace));
        let service = Service::start(model, self.settings.clone()).unwrap();
        let bound = Bound::to(self.address).unwrap();
        self.address = bound.address();
        let (stop, stopped) = oneshot::channel();
        let until = async {
            let _ = stopped.await;
        };
        let thread = thread::spawn(move || bound.serve_until(&service, until));
        self.running = Some((stop, thread));
    }

    pub(crate) fn stop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            stop.send(()).unwrap();
            thread.join().unwrap();
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What the model says of lyrics.
pub(crate) fn told(lyrics: &str) -> Prediction {
    let question = Question { lyrics: lyrics.to_owned(), threshold: None, thresholds: Vec::new() };
    let told = Invented::new(Duration::ZERO).predict(&[question]).unwrap();
    told.into_iter().next().unwrap().unwrap()
}

/// Lyrics of which the model tells no genre.
pub(crate) fn without_genre() -> String {
    let songs = (0..).map(|number| format!("hum number {number}"));
    songs.into_iter().find(|song| told(song).genres.is_empty()).unwrap()
}
