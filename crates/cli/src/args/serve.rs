//! The command line of `canto serve`.

use crate::args::DeviceArg;
use crate::log_line::LogFormat;
use clap::Args;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Args, Debug)]
#[command(after_help = "Routes: POST /predict, POST /predict/batch, GET /labels, /info, /health, \
    /ready, /metrics,\n/docs (the API to try out), /openapi.json, and / (a page for people).\n\
    SIGTERM and Ctrl-C finish what is under way.\n\n\
    Examples:\n  \
    canto serve artifacts/quickstart\n  \
    canto serve artifacts/quickstart --host 0.0.0.0 --api-key-file keys.txt --log-format json\n  \
    curl localhost:8000/predict -H 'content-type: application/json' \\\n      \
    -d '{\"lyrics\": \"Rain on the highway …\"}'")]
pub(crate) struct ServeArgs {
    /// Run or model folder, or a Hub id `user/name[@revision]`; a plain Hugging Face model will do.
    pub(crate) model: PathBuf,
    /// Address to listen on; `0.0.0.0` for all of this machine's.
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub(crate) host: IpAddr,
    /// Port to listen on; 0 takes any free one.
    #[arg(long, value_name = "N", default_value_t = 8000)]
    pub(crate) port: u16,
    #[command(flatten)]
    pub(crate) device: DeviceArg,
    #[command(flatten)]
    pub(crate) access: AccessArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    #[command(flatten)]
    pub(crate) scoring: ScoringArgs,
    /// How log lines on stderr look: for people, or JSON.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Human)]
    pub(crate) log_format: LogFormat,
    /// Address of an OpenTelemetry collector that is told of requests, such as
    /// `http://localhost:4318` (OTLP over HTTP); otherwise the one in
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`, otherwise none.
    #[arg(long, value_name = "URL")]
    pub(crate) otlp_endpoint: Option<String>,
}

/// Who may ask.
#[derive(Args, Debug)]
#[command(next_help_heading = "Access")]
pub(crate) struct AccessArgs {
    /// File of keys, one a line, any of which opens the API; otherwise the key in `CANTO_API_KEY`,
    /// otherwise no key is asked for.
    #[arg(long, value_name = "FILE")]
    pub(crate) api_key_file: Option<PathBuf>,
    /// Origin whose pages may call the API, such as `https://songs.example`, or `*` for any; may
    /// be given again.
    #[arg(long = "cors-origin", value_name = "ORIGIN", value_parser = origin)]
    pub(crate) cors_origins: Vec<String>,
    /// Requests a second from one address, and as many again in a burst; otherwise no limit.
    #[arg(long, value_name = "N")]
    pub(crate) rate_limit: Option<NonZero<u32>>,
    /// Takes the client's address from the end of `x-forwarded-for`, which a proxy in front wrote.
    #[arg(long)]
    pub(crate) behind_proxy: bool,
}

/// How much may be asked.
#[derive(Args, Debug)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// Body of one song's request, in KiB.
    #[arg(long, value_name = "KIB", default_value = "1024")]
    pub(crate) max_body: NonZero<u32>,
    /// Body of one request for many songs, in KiB.
    #[arg(long, value_name = "KIB", default_value = "16384")]
    pub(crate) max_batch_body: NonZero<u32>,
    /// Songs of one request for many.
    #[arg(long, value_name = "N", default_value = "1000")]
    pub(crate) max_songs: NonZero<u32>,
    /// Seconds that a song may take, waiting included.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub(crate) timeout: Duration,
    /// Seconds that requests under way have when the server is told to stop.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub(crate) drain_timeout: Duration,
}

/// How songs are scored.
#[derive(Args, Debug)]
#[command(next_help_heading = "Scoring")]
pub(crate) struct ScoringArgs {
    /// Songs that may wait; one more is answered with 429.
    #[arg(long, value_name = "N", default_value = "256")]
    pub(crate) queue: NonZero<u16>,
    /// Tokens of the songs that are scored at once, padding included; 1 scores each song alone.
    /// Otherwise 2048 on the CPU, which more does not make faster, and 16384 elsewhere.
    #[arg(long, value_name = "N")]
    pub(crate) batch_tokens: Option<NonZero<u32>>,
    /// Threads that call the model; each call uses every core by itself.
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) workers: NonZero<u8>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    let inside = (0.001..=86_400.0).contains(&seconds);
    if inside {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(format!("is {seconds}, expected 0.001 to 86400"))
    }
}

/// A scheme, a host and perhaps a port, as a browser sends them.
fn origin(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte);
    let sound = host.is_some_and(|host| !host.is_empty() && host.bytes().all(plain));
    if sound || text == "*" {
        return Ok(text.to_ascii_lowercase());
    }
    Err("expected `*`, or a scheme and a host such as `https://songs.example`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_as_browsers_send_them() {
        assert_eq!(origin("https://Songs.example:8443"), Ok("https://songs.example:8443".into()));
        assert_eq!(origin("*"), Ok("*".into()));
        for text in ["songs.example", "https://", "https://songs.example/", "ftp://songs", "**"] {
            assert!(origin(text).is_err(), "{text}");
        }
    }

    #[test]
    fn seconds_are_more_than_none() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for text in ["0", "-1", "nan", "inf", "1e9", "soon"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
