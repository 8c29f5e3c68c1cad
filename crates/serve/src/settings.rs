//! What a server allows.

use std::time::Duration;

/// Limits and habits of a server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Bytes of the body of one `/predict`.
    pub max_body: usize,
    /// Time for one request, from its head to its answer.
    pub timeout: Duration,
    /// Songs that wait to be scored; one more is refused.
    pub queue: usize,
    /// Tokens that are scored at once, padding included; a song alone may have more.
    pub batch_tokens: usize,
    /// Threads that call the model.
    pub workers: usize,
    /// Time that requests under way have once a stop was asked for.
    pub drain: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_body: 1 << 20,
            timeout: Duration::from_secs(30),
            queue: 256,
            batch_tokens: 8192,
            workers: 1,
            drain: Duration::from_secs(30),
        }
    }
}
