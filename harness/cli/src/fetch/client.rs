//! One request, and what the answer means.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use ureq::http::{HeaderMap, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, BodyReader, Proxy};

/// What tells two states of a file on a server apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) struct Validator {
    /// A strong entity tag; weak ones do not promise equal bytes.
    etag: Option<String>,
    /// When the file was last changed, as the server writes it.
    last_modified: Option<String>,
}

impl Validator {
    fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let strong = |etag: &String| etag.starts_with('"');
        Self { etag: text(header::ETAG).filter(strong), last_modified: text(header::LAST_MODIFIED) }
    }

    /// Whether the file certainly was changed between the two.
    pub(super) fn differs(&self, other: &Self) -> bool {
        let differ = |a: &Option<String>, b: &Option<String>| matches!((a, b), (Some(a), Some(b)) if a != b);
        match (&self.etag, &other.etag) {
            (Some(a), Some(b)) => a != b,
            _ => differ(&self.last_modified, &other.last_modified),
        }
    }

    /// The value of `If-Range`.
    fn condition(&self) -> Option<&str> {
        self.etag.as_deref().or(self.last_modified.as_deref())
    }
}

/// Why a request failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It may work the next time.
    Passing(String),
    /// It will not.
    Lasting(String),
}

/// Which bytes an answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of them, as many as told if it is told.
    Whole(Option<u64>),
    /// Those from `start` on that were asked for, of a file of `bytes` bytes.
    Range { start: u64, bytes: u64 },
    /// The range that was asked for is not in the file.
    Outside,
}

/// An answer.
pub(super) struct Answer {
    pub(super) extent: Extent,
    pub(super) validator: Validator,
    pub(super) body: BodyReader<'static>,
}

/// A client that gives up a connection on which nothing comes for so long. It follows redirects.
pub(super) fn agent(stall: Duration, proxy: Option<Proxy>) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_resolve(Some(stall))
        .timeout_connect(Some(stall))
        .timeout_per_read(Some(stall))
        .timeout_per_write(Some(stall))
        // Digests are of the file as it is published.
        .accept_encoding("identity")
        .user_agent(concat!("secateur/", env!("CARGO_PKG_VERSION")))
        .proxy(proxy)
        // Certificates are those that the system trusts: many a network that needs a mirror or a proxy has its own.
        .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
        .build()
        .new_agent()
}

/// Asks for a file, or for the bytes from the first to before the second number of `range`, if the file still is what
/// `validator` says.
pub(super) fn get(
    agent: &Agent,
    address: &str,
    range: Option<(u64, u64)>,
    validator: Option<&Validator>,
) -> Result<Answer, Failure> {
    let mut request = agent.get(address);
    if let Some((start, end)) = range {
        request = request.header(header::RANGE, format!("bytes={start}-{}", end.saturating_sub(1)));
        if let Some(condition) = validator.and_then(Validator::condition) {
            request = request.header(header::IF_RANGE, condition);
        }
    }
    let answer = request.call().map_err(|error| failure(&error))?;
    let status = answer.status();
    let headers = answer.headers();
    let number = |value: Option<&str>| value.and_then(|value| value.trim().parse::<u64>().ok());
    let extent = match status.as_u16() {
        200 => {
            let length = headers.get(header::CONTENT_LENGTH);
            Extent::Whole(number(length.and_then(|length| length.to_str().ok())))
        }
        206 => {
            let told = headers.get(header::CONTENT_RANGE).and_then(|told| told.to_str().ok()).unwrap_or("");
            // `bytes 0-1023/146515`
            let parts = told.strip_prefix("bytes ").and_then(|told| told.split_once('/'));
            let start = number(parts.and_then(|(range, _)| range.split_once('-')).map(|(start, _)| start));
            let bytes = number(parts.map(|(_, bytes)| bytes));
            let asked = range.map(|(start, _)| start);
            match (start, bytes) {
                (Some(start), Some(bytes)) if asked == Some(start) => Extent::Range { start, bytes },
                _ => {
                    let asked = asked.map_or_else(String::new, |start| format!(" from {start} on"));
                    return Err(Failure::Lasting(format!(
                        "the server answers a request for a range{asked} with `{told}`"
                    )));
                }
            }
        }
        416 => Extent::Outside,
        code => {
            let what = format!("the server answers {status}");
            // A server that is busy, or a gateway that has lost it, may come back.
            let passing = status.is_server_error() || matches!(code, 408 | 425 | 429);
            return Err(if passing { Failure::Passing(what) } else { Failure::Lasting(what) });
        }
    };
    let validator = Validator::of(headers);
    Ok(Answer { extent, validator, body: answer.into_body().into_reader() })
}

/// What an error of the client means.
fn failure(error: &ureq::Error) -> Failure {
    use ureq::Error;
    match error {
        Error::Timeout(_) => Failure::Passing("nothing came for too long".to_owned()),
        // Above all certificates that are not trusted.
        Error::Io(cause) if cause.kind() == std::io::ErrorKind::InvalidData => {
            Failure::Lasting(format!("the connection cannot be trusted: {cause}"))
        }
        Error::Io(cause) => Failure::Passing(format!("the connection failed: {cause}")),
        Error::HostNotFound => Failure::Passing("there is no such host".to_owned()),
        Error::ConnectionFailed | Error::Protocol(_) | Error::ConnectProxyFailed(_) | Error::BodyStalled => {
            Failure::Passing(error.to_string())
        }
        _ => Failure::Lasting(error.to_string()),
    }
}

/// What an error that came while a body was read means.
pub(super) fn body_failure(error: &std::io::Error) -> Failure {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>()) {
        Some(error) => failure(error),
        None if error.kind() == std::io::ErrorKind::TimedOut => {
            Failure::Passing("nothing came for too long".to_owned())
        }
        None => Failure::Passing(format!("the connection failed: {error}")),
    }
}
