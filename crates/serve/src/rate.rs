//! How often one address may ask.

use crate::failure::Failure;
use crate::peer::client;
use crate::service::Service;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Addresses that are remembered; those that have not asked for a while are forgotten first.
const ADDRESSES: usize = 10_000;

/// One bucket of tokens an address: a request takes one, `rate` flow back a second, and a bucket
/// holds two seconds' worth.
#[derive(Debug)]
pub(crate) struct Limiter {
    rate: f64,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Limiter {
    pub(crate) fn new(rate: u32) -> Self {
        Self { rate: f64::from(rate), buckets: Mutex::default() }
    }

    /// Takes a token of `address`, or tells in how many seconds there will be one.
    pub(crate) fn take(&self, address: IpAddr, now: Instant) -> Result<(), u64> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= ADDRESSES {
            buckets.retain(|_, bucket| self.filled(*bucket, now) < self.most());
        }
        if buckets.len() >= ADDRESSES {
            // All of them are busy: start anew rather than grow without end.
            buckets.clear();
        }
        let full = Bucket { tokens: self.most(), at: now };
        let bucket = buckets.entry(network(address)).or_insert(full);
        *bucket = Bucket { tokens: self.filled(*bucket, now), at: now };
        if bucket.tokens < 1.0 {
            return Err(((1.0 - bucket.tokens) / self.rate).ceil() as u64);
        }
        bucket.tokens -= 1.0;
        Ok(())
    }

    fn most(&self) -> f64 {
        2.0 * self.rate
    }

    fn filled(&self, bucket: Bucket, now: Instant) -> f64 {
        let seconds = now.saturating_duration_since(bucket.at).as_secs_f64();
        (bucket.tokens + seconds * self.rate).min(self.most())
    }
}

/// One IPv6 client has a whole /64 to ask from.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

/// Lets a request pass if its address has not asked too often.
pub(crate) async fn limit(
    State(service): State<Service>,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let address = client(&request, service.settings());
    if let (Some(limiter), Some(address)) = (service.limiter(), address) {
        let taken = limiter.take(address, Instant::now());
        taken.map_err(|wait| Failure::TooOften { wait })?;
    }
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_burst_is_let_through_and_then_the_rate() {
        let (limiter, begin) = (Limiter::new(2), Instant::now());
        let one = address("10.0.0.1");
        assert!((0..4).all(|_| limiter.take(one, begin).is_ok()));
        assert_eq!(limiter.take(one, begin), Err(1));
        assert_eq!(limiter.take(address("10.0.0.2"), begin), Ok(()));
        let later = begin + Duration::from_millis(500);
        assert_eq!(limiter.take(one, later), Ok(()));
        assert_eq!(limiter.take(one, later), Err(1));
        let rested = later + Duration::from_hours(1);
        assert!((0..4).all(|_| limiter.take(one, rested).is_ok()));
        assert!(limiter.take(one, rested).is_err());
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let (limiter, now) = (Limiter::new(1), Instant::now());
        let (one, two) = (address("2001:db8::1"), address("2001:db8::2"));
        assert!(limiter.take(one, now).is_ok() && limiter.take(two, now).is_ok());
        assert!(limiter.take(one, now).is_err());
        assert!(limiter.take(address("2001:db8:0:1::1"), now).is_ok());
    }

    #[test]
    fn memory_is_bounded() {
        let (limiter, now) = (Limiter::new(1), Instant::now());
        for number in 0..3 * ADDRESSES as u32 {
            limiter.take(IpAddr::V4(number.into()), now).unwrap();
        }
        assert!(limiter.buckets.lock().unwrap().len() <= ADDRESSES);
    }
}
