//! What a server allows.

use crate::key::Keys;
use std::time::Duration;

/// Limits and habits of a server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Bytes of the body of one `/predict`.
    pub max_body: usize,
    /// Bytes of the body of one `/predict/batch`.
    pub max_batch_body: usize,
    /// Songs of one `/predict/batch`.
    pub max_songs: usize,
    /// Time for the body of a request, and for one song from its place in the queue to its answer.
    pub timeout: Duration,
    /// Songs that wait to be scored; one more is refused.
    pub queue: usize,
    /// Tokens that are scored at once, padding included; a song alone may have more.
    pub batch_tokens: usize,
    /// Threads that call the model.
    pub workers: usize,
    /// Time that requests under way have once a stop was asked for.
    pub drain: Duration,
    /// Requests a second from one address, and as many again in a burst; none sets no limit.
    pub rate: Option<u32>,
    /// Whether the client's address is the last one of `x-forwarded-for`.
    pub behind_proxy: bool,
    /// Origins whose pages may call the API; `*` means any.
    pub origins: Vec<String>,
    /// Keys that open the API; none leaves it open.
    pub keys: Keys,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_body: 1 << 20,
            max_batch_body: 16 << 20,
            max_songs: 1000,
            timeout: Duration::from_secs(30),
            queue: 256,
            batch_tokens: 8192,
            workers: 1,
            drain: Duration::from_secs(30),
            rate: None,
            behind_proxy: false,
            origins: Vec::new(),
            keys: Keys::default(),
        }
    }
}
