//! The API and the page over an invented model, for work on them without a trained one. It takes
//! the port and how many milliseconds a song takes:
//!
//! ```sh
//! cargo run --release -p canto-serve --example invented -- 8000 100
//! ```

#[path = "../tests/invented/mod.rs"]
mod invented;

use canto_serve::{Bound, Service, Settings};
use invented::Invented;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().map_or(Ok(8000), |port| port.parse())?;
    let pace = arguments.next().map_or(Ok(0), |pace| pace.parse())?;
    let bound = Bound::to(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    let model = Arc::new(Invented::new(Duration::from_millis(pace)));
    let service = Service::start(model, Settings::default())?;
    eprintln!("listening on http://{}", bound.address());
    Ok(bound.serve(&service)?)
}
