//! A server of a few lines that misbehaves as it is told: one behaviour per connection, every request recorded.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What a connection meets.
#[derive(Debug, Clone)]
pub(super) enum Behaviour {
    /// An answer, kept alive.
    Answer {
        /// The status line's number.
        status: u16,
        /// More headers, each with its line break.
        headers: &'static str,
        /// The body.
        body: String,
    },
    /// The first bytes of an answer that is longer, then the end.
    Torn(String),
    /// The request is read, then the connection closed.
    CloseAfterRequest,
    /// The connection is closed at once.
    CloseAtOnce,
    /// The request is read and never answered.
    Silence,
}

impl Behaviour {
    /// A success of this body.
    pub(super) fn ok(body: &str) -> Self {
        Self::Answer {
            status: 200,
            headers: "",
            body: body.to_owned(),
        }
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    /// `POST /?… HTTP/1.1`.
    pub(super) line: String,
    /// The headers, names in small letters.
    pub(super) headers: Vec<(String, String)>,
    /// The body.
    pub(super) body: String,
}

/// Runs until the test's process ends.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    recorded: Arc<Mutex<Vec<Recorded>>>,
}

impl Server {
    /// Plays the behaviours, one for each connection, and the last of them for ever.
    pub(super) fn playing(behaviours: impl Into<Vec<Behaviour>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let recorded = Arc::default();
        let (behaviours, log) = (behaviours.into(), Arc::clone(&recorded));
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let behaviour = behaviours[number.min(behaviours.len() - 1)].clone();
                let log = Arc::clone(&log);
                std::thread::spawn(move || serve(stream.unwrap(), &behaviour, &log));
            }
        });
        Self { address, recorded }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn recorded(&self) -> Vec<Recorded> {
        self.recorded.lock().unwrap().clone()
    }
}

/// The first byte of whoever speaks TLS; it gets what a plain server has to say.
const TLS_HANDSHAKE: u8 = 0x16;

fn serve(stream: TcpStream, behaviour: &Behaviour, log: &Mutex<Vec<Recorded>>) {
    if matches!(behaviour, Behaviour::CloseAtOnce) {
        return;
    }
    let mut reader = BufReader::new(stream);
    if reader
        .fill_buf()
        .is_ok_and(|first| first.first() == Some(&TLS_HANDSHAKE))
    {
        drop(
            reader
                .get_mut()
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        );
        return;
    }
    while let Some(request) = read_request(&mut reader) {
        log.lock().unwrap().push(request);
        let answer = match behaviour {
            Behaviour::Answer {
                status,
                headers,
                body,
            } => format!(
                "HTTP/1.1 {status} Status\r\nContent-Length: {}\r\n{headers}\r\n{body}",
                body.len()
            ),
            Behaviour::Torn(start) => {
                format!("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{start}")
            }
            // Reading on holds the connection open until the client has enough of it.
            Behaviour::Silence => continue,
            Behaviour::CloseAfterRequest | Behaviour::CloseAtOnce => return,
        };
        let written = reader.get_mut().write_all(answer.as_bytes());
        if written.is_err() || matches!(behaviour, Behaviour::Torn(_)) {
            return;
        }
    }
}

/// One request; none at the end of the connection.
fn read_request(reader: &mut impl BufRead) -> Option<Recorded> {
    let mut next_line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        Some(line.trim_end().to_owned())
    };
    let line = next_line()?;
    let mut headers = Vec::new();
    loop {
        let header = next_line()?;
        let Some((name, value)) = header.split_once(": ") else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = String::new();
    reader.take(length).read_to_string(&mut body).ok()?;
    Some(Recorded {
        line,
        headers,
        body,
    })
}
