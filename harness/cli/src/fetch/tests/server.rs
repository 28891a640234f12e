//! A server of HTTP/1.1 that behaves as well or as badly as a test wants.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What was asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    /// The first line.
    pub(crate) line: String,
    /// First byte, and the one after the last.
    pub(crate) range: Option<(usize, usize)>,
    pub(crate) if_range: Option<String>,
    /// How many requests came before.
    pub(crate) number: usize,
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The `Content-Length`.
    pub(crate) length: usize,
    /// What is sent of it before the connection is closed.
    pub(crate) body: Vec<u8>,
    /// How long the connection stays open after that.
    pub(crate) pause: Duration,
}

impl Reply {
    pub(crate) fn new(status: &'static str, body: &[u8]) -> Self {
        Self { status, headers: Vec::new(), length: body.len(), body: body.to_vec(), pause: Duration::ZERO }
    }

    /// Serves a file well: in ranges, if they are asked for and the file is still the one that is meant.
    pub(crate) fn file(request: &Request, content: &[u8], header: (&'static str, &str)) -> Self {
        let same = request.if_range.as_ref().is_none_or(|meant| meant == header.1);
        let mut reply = match request.range.filter(|_| same) {
            Some((start, _)) if start >= content.len() => Self::new("416 Range Not Satisfiable", b""),
            Some((start, end)) => {
                let end = end.min(content.len());
                let mut reply = Self::new("206 Partial Content", &content[start..end]);
                let told = format!("bytes {start}-{}/{}", end - 1, content.len());
                reply.headers.push(("Content-Range", told));
                reply
            }
            None => Self::new("200 OK", content),
        };
        reply.headers.push((header.0, header.1.to_owned()));
        reply
    }

    /// Sends only so many bytes, and lets the client wait for the rest before it closes.
    pub(crate) fn cut(mut self, sent: usize, pause: Duration) -> Self {
        self.body.truncate(sent);
        self.pause = pause;
        self
    }
}

/// The server; it ends when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    ends: Arc<AtomicBool>,
    requests: Arc<Mutex<Vec<Request>>>,
    most: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let handler = Arc::new(handler);
        let ends = Arc::new(AtomicBool::new(false));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let most = Arc::new(AtomicUsize::new(0));
        let server = Self {
            address,
            ends: Arc::clone(&ends),
            requests: Arc::clone(&requests),
            most: Arc::clone(&most),
        };
        let open = Arc::new(AtomicUsize::new(0));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ends.load(Ordering::Relaxed) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                let (handler, requests) = (Arc::clone(&handler), Arc::clone(&requests));
                let (open, most) = (Arc::clone(&open), Arc::clone(&most));
                std::thread::spawn(move || {
                    let counted = |request: &Request| {
                        most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        let reply = handler(request);
                        open.fetch_sub(1, Ordering::SeqCst);
                        reply
                    };
                    // A client that goes away is what some tests are about.
                    let _ = serve(stream, &counted, &requests);
                });
            }
        });
        server
    }

    /// Where it is, without a final slash.
    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked for until now.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no thread panicked").clone()
    }

    /// How many requests waited for their answers at the same time.
    pub(crate) fn most_at_once(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        // It waits for a connection.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(
    mut stream: TcpStream,
    handler: &impl Fn(&Request) -> Reply,
    requests: &Mutex<Vec<Request>>,
) -> std::io::Result<()> {
    let mut request = Request::default();
    for line in BufReader::new(stream.try_clone()?).lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        match line.split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("range") => {
                let (start, last) =
                    value.trim_start_matches("bytes=").split_once('-').expect("a range with two ends");
                let number = |text: &str| text.parse::<usize>().expect("a number");
                request.range = Some((number(start), number(last) + 1));
            }
            Some((name, value)) if name.eq_ignore_ascii_case("if-range") => {
                request.if_range = Some(value.to_owned());
            }
            _ if request.line.is_empty() => request.line = line,
            _ => {}
        }
    }
    let mut all = requests.lock().expect("no thread panicked");
    request.number = all.len();
    all.push(request.clone());
    drop(all);
    let reply = handler(&request);
    let mut head = format!("HTTP/1.1 {}\r\nContent-Length: {}\r\n", reply.status, reply.length);
    for (name, value) in &reply.headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += "Connection: close\r\n\r\n";
    stream.write_all(head.as_bytes())?;
    stream.write_all(&reply.body)?;
    stream.flush()?;
    std::thread::sleep(reply.pause);
    Ok(())
}
