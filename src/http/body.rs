//! Bodies of any size in bounded memory: from the socket through a bounded channel to a parser on a blocking thread.
//!
//! ```text
//! hyper frames > pump (30 s stall: 408) > channel of BODY_PIECES_WAITING > gunzip > SHA-256 > parser
//! ```
//! Guarantees: whoever reads the pieces learns whether the body ended or was cut ([`Piece::End`] comes only after the whole
//! body); a gzip body is unpacked in steps of 32 KiB, however far it expands.
//! Never: holds a body; takes another encoding than gzip.

use super::{
    Problem,
    room::{Held, Room},
};
use crate::limits::{
    ANSWER_PIECE_OCTETS, ANSWER_PIECES_WAITING, BODY_DRAIN_TIME, BODY_FREE_OCTETS, BODY_PIECES_WAITING, HTTP_POST_TIME,
    HTTP_PUT_TIME, HTTP_STALL_TIME, JSON_OCTETS_MAX,
};
use crate::list::FromObject;
use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderMap, header},
};
use flate2::write::MultiGzDecoder;
use futures_util::stream;
use http_body_util::{BodyExt, Limited};
use hyper::body::Frame;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::io::{self, Read, Write};
use std::time::Duration;
use tokio::{sync::mpsc, task::yield_now, time::timeout};

/// Octets that are unpacked at a time.
const UNPACKED_STEP: u64 = 256 << 10;

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Plain,
    /// RFC 1952.
    Gzip,
}

/// What a parser is handed.
#[derive(Debug)]
pub enum Piece {
    /// Some octets.
    Data(Bytes),
    /// The body was whole.
    End,
}

/// Takes what a body unpacks to.
pub trait Sink {
    /// What ends the reading before the body's end.
    type Stop;
    /// Takes some octets.
    ///
    /// # Errors
    /// The sink wants no more.
    fn take(&mut self, octets: &[u8]) -> Result<(), Self::Stop>;
}

/// Why a body was not taken whole.
#[derive(Debug)]
pub enum Cut<Stop> {
    /// The sink wanted no more.
    Stopped(Stop),
    /// What came is no gzip.
    NotGzip(io::Error),
    /// The sender is gone, or was too slow.
    Gone,
}

/// The encoding that a request's headers name.
///
/// # Errors
/// 415 for one that is not taken; 400 for a part of a body, which is no whole one (RFC 9110 14.5).
pub fn encoding(headers: &HeaderMap) -> Result<Encoding, Problem> {
    if headers.contains_key(header::CONTENT_RANGE) {
        return Err(Problem::malformed(
            "a body is taken whole, never from the middle on (Content-Range); send all of it",
        ));
    }
    let values: Vec<_> = headers.get_all(header::CONTENT_ENCODING).iter().collect();
    match values.as_slice() {
        [] => Ok(Encoding::Plain),
        [one] => match one.to_str().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "identity" | "" => Ok(Encoding::Plain),
            "gzip" | "x-gzip" => Ok(Encoding::Gzip),
            _ => Err(Problem::media_type("bodies are taken plain or with Content-Encoding: gzip")),
        },
        _ => Err(Problem::media_type("bodies are taken with one Content-Encoding at most")),
    }
}

/// The channel between [`pump`] and [`read_through`].
#[must_use]
pub fn channel() -> (mpsc::Sender<Piece>, mpsc::Receiver<Piece>) {
    mpsc::channel(BODY_PIECES_WAITING)
}

/// Moves a body into a channel, within [`HTTP_PUT_TIME`]. Ends early, without an error, where the reader has gone.
///
/// # Errors
/// 408 after a stall or beyond that time, 400 where the connection broke.
pub async fn pump(body: Body, pieces: mpsc::Sender<Piece>) -> Result<(), Problem> {
    let too_slow = |_| Err(Problem::timeout("the body took more than an hour; nothing was changed"));
    timeout(HTTP_PUT_TIME, pump_on(body, pieces, HTTP_STALL_TIME)).await.unwrap_or_else(too_slow)
}

async fn pump_on(mut body: Body, pieces: mpsc::Sender<Piece>, stall: Duration) -> Result<(), Problem> {
    loop {
        let piece = match next_frame(&mut body, stall).await? {
            None => Piece::End,
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => Piece::Data(data),
                Err(_trailers) => continue,
            },
            Some(Err(_)) => return Err(Problem::malformed("the body broke off; nothing was changed")),
        };
        if matches!(piece, Piece::End) {
            // A reader that has gone knows why.
            let _gone = pieces.send(piece).await;
            return Ok(());
        }
        if pieces.send(piece).await.is_err() {
            let _late = timeout(BODY_DRAIN_TIME, drain(&mut body)).await;
            return Ok(());
        }
    }
}

/// Reads on what nobody wants: a client that is still sending when the connection closes never reads why.
async fn drain<B: HttpBody<Data = Bytes> + Unpin>(body: &mut B) {
    while let Some(Ok(_)) = body.frame().await {}
}

/// The next frame, unless nothing comes for so long.
async fn next_frame<B: HttpBody<Data = Bytes> + Unpin>(
    body: &mut B,
    stall: Duration,
) -> Result<Option<Result<Frame<Bytes>, B::Error>>, Problem> {
    let stalled = |_| Problem::timeout("nothing of the body arrived for 30 s; nothing was changed");
    timeout(stall, body.frame()).await.map_err(stalled)
}

/// Unpacks what comes through the channel into a sink and gives the SHA-256 of the unpacked body. Blocks.
///
/// # Errors
/// [`Cut`]
pub fn read_through<S: Sink>(
    mut pieces: mpsc::Receiver<Piece>,
    encoding: Encoding,
    sink: &mut S,
) -> Result<[u8; 32], Cut<S::Stop>> {
    let mut tap = Tap { sink, hash: Sha256::new(), stopped: None };
    match encoding {
        Encoding::Plain => loop {
            match pieces.blocking_recv() {
                None => return Err(Cut::Gone),
                Some(Piece::End) => break,
                Some(Piece::Data(data)) => tap.write_all(&data).or_else(|error| tap.cut(error))?,
            }
        },
        Encoding::Gzip => {
            let mut decoder = MultiGzDecoder::new(tap);
            loop {
                match pieces.blocking_recv() {
                    None => return Err(Cut::Gone),
                    Some(Piece::End) => break,
                    Some(Piece::Data(data)) => {
                        decoder.write_all(&data).or_else(|error| decoder.get_mut().cut(error))?;
                    }
                }
            }
            decoder.try_finish().or_else(|error| decoder.get_mut().cut(error))?;
            let tap = decoder.get_mut();
            return Ok(std::mem::take(&mut tap.hash).finalize().into());
        }
    }
    Ok(tap.hash.finalize().into())
}

/// Hashes what passes on its way to the sink, and remembers what the sink said.
struct Tap<'a, S: Sink> {
    sink: &'a mut S,
    hash: Sha256,
    stopped: Option<S::Stop>,
}

impl<S: Sink> Tap<'_, S> {
    fn cut(&mut self, error: io::Error) -> Result<(), Cut<S::Stop>> {
        Err(self.stopped.take().map_or(Cut::NotGzip(error), Cut::Stopped))
    }
}

impl<S: Sink> Write for Tap<'_, S> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.hash.update(octets);
        match self.sink.take(octets) {
            Ok(()) => Ok(octets.len()),
            Err(stop) => {
                self.stopped = Some(stop);
                Err(io::Error::other("the reader wants no more"))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads a whole body of at most `most` octets (as sent; unpacked it may have as many, too), within [`HTTP_POST_TIME`]. For
/// bodies that need not be counted: of at most [`BODY_FREE_OCTETS`].
///
/// # Errors
/// 408 after a stall, 413 beyond the bound, 400 where it broke or is no gzip.
pub async fn whole(body: Body, encoding: Encoding, most: usize) -> Result<Vec<u8>, Problem> {
    debug_assert!(most <= BODY_FREE_OCTETS);
    in_time(gather(body, encoding, most, HTTP_STALL_TIME, &mut |_| Ok(()))).await
}

/// The same for large ones, which share the server's room.
///
/// # Errors
/// Those of [`whole`]; 503 where others fill the room.
pub async fn whole_in(room: &Room, body: Body, encoding: Encoding, most: usize) -> Result<Held, Problem> {
    let mut part = room.part();
    let octets = in_time(gather(body, encoding, most, HTTP_STALL_TIME, &mut |octets| part.grow(octets))).await?;
    Ok(Held { octets, _part: part })
}

async fn in_time(body: impl Future<Output = Result<Vec<u8>, Problem>>) -> Result<Vec<u8>, Problem> {
    let late = |_| Err(Problem::timeout("the body came too slowly; nothing was changed"));
    timeout(HTTP_POST_TIME, body).await.unwrap_or_else(late)
}

/// Gathers a body; `holds` is told how many octets are held, before more are taken.
async fn gather(
    body: Body,
    encoding: Encoding,
    most: usize,
    stall: Duration,
    holds: &mut (dyn FnMut(usize) -> Result<(), Problem> + Send),
) -> Result<Vec<u8>, Problem> {
    let too_large =
        || Problem::too_large(format!("the body has more than {most} octets, the most that this call takes"));
    let mut body = Limited::new(body, most);
    let mut octets = Vec::new();
    while let Some(frame) = next_frame(&mut body, stall).await? {
        let frame = frame.map_err(|error| {
            let beyond = error.is::<http_body_util::LengthLimitError>();
            if beyond { too_large() } else { Problem::malformed("the body broke off; nothing was changed") }
        })?;
        if let Ok(data) = frame.into_data() {
            holds(octets.len() + data.len())?;
            octets.extend_from_slice(&data);
        }
    }
    if encoding == Encoding::Plain {
        return Ok(octets);
    }
    let (mut unpacked, mut decoder) = (Vec::new(), flate2::read::MultiGzDecoder::new(&*octets));
    loop {
        let before = unpacked.len();
        holds(octets.len() + before + UNPACKED_STEP as usize)?;
        (&mut decoder).take(UNPACKED_STEP).read_to_end(&mut unpacked).map_err(|error| not_gzip(&error))?;
        if unpacked.len() > most {
            return Err(too_large());
        }
        if unpacked.len() == before {
            return Ok(unpacked);
        }
        // A few octets may unpack to 64 MiB: others answer meanwhile.
        yield_now().await;
    }
}

/// Reads a whole body that is one JSON object, of at most [`JSON_OCTETS_MAX`] octets. Who sent it is looked at by
/// [`super::access::Access::object`].
///
/// # Errors
/// Those of [`whole`]; 400 where it is no such object.
pub async fn object<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, Problem> {
    let octets = whole(body, encoding(headers)?, JSON_OCTETS_MAX).await?;
    let read: Result<FromObject<T>, _> = serde_json::from_slice(&octets);
    read.map(|FromObject(object)| object).map_err(|error| Problem::malformed(format!("the body: {error}")))
}

/// The answer to a body that should be gzip and is not.
#[must_use]
pub fn not_gzip(error: &io::Error) -> Problem {
    Problem::malformed(format!("the body is not whole gzip ({error}); nothing was changed"))
}

/// The writing end of a streamed answer; blocks while its reader is slow.
pub struct AnswerWriter {
    buffer: Vec<u8>,
    pieces: mpsc::Sender<io::Result<Bytes>>,
}

/// A streamed answer: what is written at one end is the body at the other. If the writer is dropped without
/// [`AnswerWriter::end`], the body breaks off, so that nobody takes a part for the whole.
pub fn answer() -> (AnswerWriter, Body) {
    let (pieces, receiver) = mpsc::channel::<io::Result<Bytes>>(ANSWER_PIECES_WAITING);
    let body = Body::from_stream(stream::unfold((receiver, false), |(mut receiver, ended)| async move {
        if ended {
            return None;
        }
        match receiver.recv().await {
            Some(Ok(piece)) if piece.is_empty() => None,
            Some(Ok(piece)) => Some((Ok(piece), (receiver, false))),
            Some(Err(error)) => Some((Err(error), (receiver, true))),
            None => Some((Err(io::Error::other("the answer broke off")), (receiver, true))),
        }
    }));
    (AnswerWriter { buffer: Vec::with_capacity(ANSWER_PIECE_OCTETS), pieces }, body)
}

impl AnswerWriter {
    /// The answer is whole.
    ///
    /// # Errors
    /// The reader has gone.
    pub fn end(mut self) -> io::Result<()> {
        self.flush()?;
        // An empty piece is the sign: a body's pieces are never empty.
        self.pieces.blocking_send(Ok(Bytes::new())).map_err(|_| gone())
    }
}

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the reader has gone")
}

impl Write for AnswerWriter {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(octets);
        if self.buffer.len() >= ANSWER_PIECE_OCTETS {
            self.flush()?;
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.buffer, Vec::with_capacity(ANSWER_PIECE_OCTETS));
        self.pieces.blocking_send(Ok(piece.into())).map_err(|_| gone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use futures_util::StreamExt;

    #[derive(Default)]
    struct Count {
        octets: usize,
        largest: usize,
        most: Option<usize>,
    }

    impl Sink for Count {
        type Stop = &'static str;
        fn take(&mut self, octets: &[u8]) -> Result<(), &'static str> {
            self.octets += octets.len();
            self.largest = self.largest.max(octets.len());
            if self.most.is_some_and(|most| self.octets > most) { Err("enough") } else { Ok(()) }
        }
    }

    fn gzip(octets: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(octets).unwrap();
        encoder.finish().unwrap()
    }

    async fn through(body: Body, encoding: Encoding, mut sink: Count) -> (Result<[u8; 32], String>, Count) {
        let (sender, receiver) = channel();
        let reading = tokio::task::spawn_blocking(move || {
            let result = read_through(receiver, encoding, &mut sink).map_err(|cut| format!("{cut:?}"));
            (result, sink)
        });
        let _ = pump(body, sender).await;
        reading.await.unwrap()
    }

    #[tokio::test]
    async fn a_packed_body_has_the_hash_of_what_it_unpacks_to_and_comes_in_small_pieces() {
        let plain = vec![b'x'; 20 << 20];
        let (packed, count) = through(gzip(&plain).into(), Encoding::Gzip, Count::default()).await;
        assert_eq!(packed.clone().unwrap(), <[u8; 32]>::from(Sha256::digest(&plain)));
        assert_eq!(count.octets, plain.len());
        assert!(count.largest <= 64 << 10, "{}", count.largest);
        let (same, _) = through(plain.into(), Encoding::Plain, Count::default()).await;
        assert_eq!(same, packed);
    }

    #[tokio::test]
    async fn a_body_that_ends_early_is_not_whole() {
        let packed = gzip(&vec![b'x'; 100_000]);
        let (cut, _) = through(packed[..packed.len() / 2].to_vec().into(), Encoding::Gzip, Count::default()).await;
        assert!(cut.unwrap_err().starts_with("NotGzip"));
        let broken = Body::from_stream(stream::iter([Ok(Bytes::from_static(b"a")), Err(io::Error::other("gone"))]));
        let (gone, _) = through(broken, Encoding::Plain, Count::default()).await;
        assert_eq!(gone.unwrap_err(), "Gone");
        let (not, _) = through("plain".into(), Encoding::Gzip, Count::default()).await;
        assert!(not.unwrap_err().starts_with("NotGzip"));
    }

    #[tokio::test]
    async fn a_body_of_which_nothing_comes_is_dropped_with_408() {
        let soon = Duration::from_millis(10);
        let stalled = || {
            let begun = stream::iter([Ok::<_, io::Error>(Bytes::from_static(b"192.0.2.1\n"))]);
            Body::from_stream(begun.chain(stream::pending()))
        };
        let (sender, mut receiver) = channel();
        assert_eq!(pump_on(stalled(), sender, soon).await.unwrap_err().status, 408);
        assert!(matches!(receiver.recv().await, Some(Piece::Data(_))));
        assert!(receiver.recv().await.is_none(), "the reader learns that it was not whole");
        assert_eq!(gather(stalled(), Encoding::Plain, 100, soon, &mut |_| Ok(())).await.unwrap_err().status, 408);
    }

    #[tokio::test]
    async fn a_sink_that_wants_no_more_ends_the_reading() {
        for encoding in [Encoding::Plain, Encoding::Gzip] {
            let plain = vec![b'x'; 1 << 20];
            let body = if encoding == Encoding::Gzip { gzip(&plain) } else { plain };
            let (stopped, _) = through(body.into(), encoding, Count { most: Some(10), ..Count::default() }).await;
            assert_eq!(stopped.unwrap_err(), "Stopped(\"enough\")");
        }
    }

    #[tokio::test]
    async fn a_whole_body_is_bounded_packed_and_unpacked() {
        let room = Room::default();
        let large = vec![b'x'; 1 << 20];
        for (sent, encoding) in [(large.clone(), Encoding::Plain), (gzip(&large), Encoding::Gzip)] {
            let held = whole_in(&room, sent.clone().into(), encoding, 1 << 20).await.unwrap();
            assert!(held.octets == large);
            drop(held);
            let mut others = room.part();
            others.grow(crate::limits::BODIES_OCTETS_MAX).unwrap();
            assert_eq!(whole_in(&room, sent.into(), encoding, 1 << 20).await.unwrap_err().status, 503);
        }
        let plain = vec![b'x'; 10_000];
        assert_eq!(whole(plain.clone().into(), Encoding::Plain, 10_000).await.unwrap(), plain);
        assert_eq!(whole(plain.clone().into(), Encoding::Plain, 9_999).await.unwrap_err().status, 413);
        assert_eq!(whole(gzip(&plain).into(), Encoding::Gzip, 10_000).await.unwrap(), plain);
        assert_eq!(whole(gzip(&plain).into(), Encoding::Gzip, 9_999).await.unwrap_err().status, 413);
        assert_eq!(whole(plain.into(), Encoding::Gzip, 10_000).await.unwrap_err().status, 400);
    }

    /// 65 KB unpack to 64 MiB: on a thread that answers others, too.
    #[tokio::test]
    async fn others_have_their_turn_while_a_body_is_unpacked() {
        let room = Room::default();
        let large = vec![b'x'; 1 << 20];
        let mut unpacking = Box::pin(whole_in(&room, gzip(&large).into(), Encoding::Gzip, 1 << 20));
        assert!(futures_util::future::poll_immediate(&mut unpacking).await.is_none(), "all at once");
        assert!(unpacking.await.unwrap().octets == large);
    }

    #[tokio::test]
    async fn an_answer_that_is_not_ended_breaks_off() {
        for whole in [true, false] {
            let (mut writer, body) = answer();
            let writing = tokio::task::spawn_blocking(move || {
                writer.write_all(b"part").unwrap();
                writer.flush().unwrap();
                if whole {
                    writer.end().unwrap();
                }
            });
            assert_eq!(body.collect().await.is_ok(), whole);
            writing.await.unwrap();
        }
    }

    /// A client that was still sending found its connection closed, and the refusal unread.
    #[tokio::test]
    async fn a_body_that_was_refused_on_its_way_is_read_to_its_end() {
        let left = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(50));
        let counted = left.clone();
        let pieces = stream::iter(0..50).map(move |_| {
            counted.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
            Ok::<_, io::Error>("192.0.2.1\n")
        });
        let (sender, receiver) = channel();
        drop(receiver);
        pump(Body::from_stream(pieces), sender).await.unwrap();
        assert_eq!(left.load(std::sync::atomic::Ordering::Relaxed), 0);
    }

    /// `curl -C -` sends what is left of a file: it would have come in place of all that the source holds.
    #[test]
    fn a_part_of_a_body_is_refused() {
        let headers = HeaderMap::from_iter([(header::CONTENT_RANGE, "bytes 18-26/27".parse().unwrap())]);
        assert_eq!(encoding(&headers).map_err(|problem| problem.status), Err(400));
    }

    #[test]
    fn other_encodings_are_refused() {
        let with = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::CONTENT_ENCODING, value.parse().unwrap());
            }
            encoding(&headers).map_err(|problem| problem.status)
        };
        assert_eq!(with(&[]), Ok(Encoding::Plain));
        assert_eq!(with(&["GZIP"]), Ok(Encoding::Gzip));
        for refused in [&["br"][..], &["gzip, gzip"], &["gzip", "gzip"], &["deflate"], &["zstd"]] {
            assert_eq!(with(refused), Err(415), "{refused:?}");
        }
    }
}
