//! The HTTP calls of dnsbld that are measured, over one kept connection, without a client library in between.
//!
//! Guarantees: a body of any size is streamed; a call ends with the status and the whole answer.
//! Never: retries. A call that failed is part of the figure.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// An import of 20 million keys takes its time; an answer that takes longer never comes.
const PATIENCE: Duration = Duration::from_secs(300);

/// What the server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The answer's JSON where the call was successful; its text as an error where not.
    pub fn json(self) -> io::Result<serde_json::Value> {
        if self.status != 200 {
            return Err(io::Error::other(format!("status {}: {}", self.status, self.body)));
        }
        serde_json::from_str(&self.body).map_err(io::Error::other)
    }
}

/// A connection with the administrator's token.
pub struct Api {
    connection: BufReader<TcpStream>,
    host: SocketAddr,
    token: String,
}

impl Api {
    /// Connects.
    pub fn connect(host: SocketAddr, token: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { connection: BufReader::new(stream), host, token: token.trim().to_owned() })
    }

    /// Replaces what a source holds by the text of `length` octets that `body` gives.
    pub fn put(&mut self, list: &str, source: &str, body: impl Read, length: u64) -> io::Result<Answer> {
        self.call(&format!("PUT /api/v1/lists/{list}/sources/{source}?format=text"), "text/plain", body, length)
    }

    /// Adds or renews one key.
    pub fn post(&mut self, list: &str, source: &str, key: &str) -> io::Result<Answer> {
        let body = serde_json::json!({ "key": key, "source": source }).to_string();
        let length = body.len() as u64;
        self.call(&format!("POST /api/v1/lists/{list}/entries"), "application/json", body.as_bytes(), length)
    }

    fn call(&mut self, line: &str, kind: &str, mut body: impl Read, length: u64) -> io::Result<Answer> {
        let Self { host, token, .. } = self;
        let head = format!(
            "{line} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
        );
        let stream = self.connection.get_mut();
        // A small call goes out as one segment.
        let mut first = head.into_bytes();
        body.by_ref().take(16 << 10).read_to_end(&mut first)?;
        stream.write_all(&first)?;
        if let Err(e) = io::copy(&mut body, stream) {
            // A server that refuses answers before it has read all; that answer says more than the broken pipe.
            return read_answer(&mut self.connection).map_err(|_| e);
        }
        read_answer(&mut self.connection)
    }
}

fn read_answer(connection: &mut impl BufRead) -> io::Result<Answer> {
    let broken = |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("HTTP answer: {what}"));
    let mut line = String::new();
    connection.read_line(&mut line)?;
    let status = line.split_ascii_whitespace().nth(1).and_then(|word| word.parse().ok());
    let status = status.ok_or_else(|| broken(&format!("no status in {line:?}")))?;
    let (mut length, mut chunked) = (None, false);
    loop {
        line.clear();
        connection.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse::<usize>().ok();
        }
        chunked |= name.eq_ignore_ascii_case("transfer-encoding") && value.trim().eq_ignore_ascii_case("chunked");
    }
    let mut body = Vec::new();
    if chunked {
        loop {
            line.clear();
            connection.read_line(&mut line)?;
            let size = usize::from_str_radix(line.trim(), 16).map_err(|_| broken("a chunk without a size"))?;
            let mut chunk = vec![0; size + 2];
            connection.read_exact(&mut chunk)?;
            if size == 0 {
                break;
            }
            body.extend_from_slice(&chunk[..size]);
        }
    } else {
        body.resize(length.ok_or_else(|| broken("no length"))?, 0);
        connection.read_exact(&mut body)?;
    }
    Ok(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_with_a_length_and_in_chunks_are_read_whole() {
        let mut sent = &b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"serial\":7}HTTP/1.1 409 Conflict\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"[..];
        let first = read_answer(&mut sent).unwrap();
        assert_eq!(first.json().unwrap()["serial"], 7);
        let second = read_answer(&mut sent).unwrap();
        assert_eq!(second, Answer { status: 409, body: "abcde".into() });
        assert!(second.json().unwrap_err().to_string().contains("409"));
        assert!(read_answer(&mut sent).is_err());
    }
}
