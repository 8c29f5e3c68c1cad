//! Whose request it is.

use crate::settings::Settings;
use axum::extract::Request;
use std::net::{IpAddr, SocketAddr};

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// The client's address. Behind a proxy it is the last one of `x-forwarded-for`, which the proxy
/// wrote; those before it anyone may have invented.
pub(crate) fn client(request: &Request, settings: &Settings) -> Option<IpAddr> {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    let forwarded = || {
        let last = request.headers().get_all("x-forwarded-for").iter().next_back()?;
        last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
    };
    if settings.behind_proxy { forwarded().or(peer) } else { peer }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    #[test]
    fn only_behind_a_proxy_a_header_tells_the_address() {
        let mut request = Request::new(Body::empty());
        let forwarded = "1.1.1.1, 10.0.0.7".parse().unwrap();
        request.headers_mut().insert("x-forwarded-for", forwarded);
        request.extensions_mut().insert(Peer(([127, 0, 0, 1], 9).into()));
        let proxied = Settings { behind_proxy: true, ..Settings::default() };
        assert_eq!(client(&request, &Settings::default()), Some([127, 0, 0, 1].into()));
        assert_eq!(client(&request, &proxied), Some([10, 0, 0, 7].into()));
        request.headers_mut().insert("x-forwarded-for", "nobody".parse().unwrap());
        assert_eq!(client(&request, &proxied), Some([127, 0, 0, 1].into()));
    }
}
