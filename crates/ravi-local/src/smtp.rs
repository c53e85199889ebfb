//! Mail by SMTP, for the inboxes of this server: what an app under development sends to a workspace's address arrives.
//!
//! `mailin` keeps the state of a session; reading lines within limits and delivering is done here. Nothing is relayed,
//! and only this machine reaches the port.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use mailin::{Action, Handler, Response, Session, SessionBuilder, response};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::problem::Problem;
use super::{App, DOMAIN, attachments, compose, mime};

/// The largest mail: the largest attachment as Base64, and some text.
const MAX_BYTES: usize = attachments::MAX_BYTES / 3 * 4 + 2 * 1024 * 1024;
/// The longest line. RFC 5321 allows 1000 octets, which senders of HTML are known to ignore.
const MAX_LINE: u64 = 64 * 1024;
/// Most recipients of one mail.
const MAX_RECIPIENTS: usize = 100;
/// Most sessions at once.
const MAX_SESSIONS: usize = 64;
/// Longest silence of a client.
const PATIENCE: Duration = Duration::from_secs(60);

/// Accepts mail until the server stops.
pub(super) async fn serve(listener: TcpListener, app: Arc<App>) {
    let sessions = Arc::new(Semaphore::new(MAX_SESSIONS));
    let mut stopping = app.stopping.clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stop| *stop) => return,
        };
        let (Ok((stream, peer)), Ok(place)) = (accepted, Arc::clone(&sessions).acquire_owned().await) else { continue };
        let app = Arc::clone(&app);
        tokio::spawn(async move {
            let mut stopping = app.stopping.clone();
            tokio::select! {
                ended = converse(stream, peer.ip(), app) => if let Err(error) = ended {
                    tracing::debug!(%error, "an SMTP session broke");
                },
                _ = stopping.wait_for(|stop| *stop) => {}
            }
            drop(place);
        });
    }
}

async fn converse(stream: TcpStream, peer: IpAddr, app: Arc<App>) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut session = SessionBuilder::new(DOMAIN).build(peer, Inbound { app, body: Vec::new(), to: Vec::new() });
    say(&mut stream, &session.greeting()).await?;
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut bounded = (&mut stream).take(MAX_LINE);
        let read =
            timeout(PATIENCE, bounded.read_until(b'\n', &mut line)).await.map_err(|_| io::ErrorKind::TimedOut)??;
        if read == 0 {
            return Ok(());
        }
        if line.last() != Some(&b'\n') {
            return say(&mut stream, &Response::custom(500, "Line too long".to_owned())).await;
        }
        let answer = answer(&mut session, &line);
        say(&mut stream, &answer).await?;
        // After a refused mail, the library takes whatever follows for more of it.
        let refused = answer.is_error && line == b".\r\n";
        if refused || answer.action == Action::Close {
            return Ok(());
        }
    }
}

/// Answers a line. Delivering works on the database, which does not take long.
fn answer(session: &mut Session<Inbound>, line: &[u8]) -> Response {
    session.process(line)
}

async fn say(stream: &mut BufReader<TcpStream>, response: &Response) -> io::Result<()> {
    if response.action == Action::NoReply {
        return Ok(());
    }
    stream.write_all(&response.buffer()?).await?;
    stream.flush().await
}

/// The mail of one session.
struct Inbound {
    app: Arc<App>,
    body: Vec<u8>,
    to: Vec<String>,
}

impl Handler for Inbound {
    fn mail(&mut self, _ip: IpAddr, _domain: &str, _from: &str) -> Response {
        self.to.clear();
        response::OK
    }

    fn rcpt(&mut self, to: &str) -> Response {
        if self.to.len() >= MAX_RECIPIENTS {
            return Response::custom(452, "Too many recipients".to_owned());
        }
        match self.app.store.read(|db| Ok(compose::owner_of(db, to)?)) {
            Ok(Some(_)) => {
                self.to.push(to.to_owned());
                response::OK
            }
            Ok(None) => response::NO_MAILBOX,
            Err(_) => response::INTERNAL_ERROR,
        }
    }

    fn data_start(&mut self, _domain: &str, _from: &str, _is8bit: bool, _to: &[String]) -> Response {
        self.body.clear();
        response::START_DATA
    }

    /// Takes one line. Of a mail that is too large, no more is kept, and it is refused at its end.
    fn data(&mut self, line: &[u8]) -> io::Result<()> {
        let room = (MAX_BYTES + 1).saturating_sub(self.body.len());
        self.body.extend_from_slice(&line[..line.len().min(room)]);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        if self.body.len() > MAX_BYTES {
            return Response::custom(552, format!("Mail larger than {MAX_BYTES} bytes"));
        }
        let Some(letter) = mime::parse(&self.body) else { return response::TRANSACTION_FAILED };
        match self.deliver(&letter) {
            Ok(()) => {
                self.app.happened.send_replace(());
                response::OK
            }
            Err(_) => response::INTERNAL_ERROR,
        }
    }
}

impl Inbound {
    fn deliver(&self, letter: &mime::Letter) -> Result<(), Problem> {
        self.app.store.write(|db| {
            for to in &self.to {
                let identity = compose::owner_of(db, to)?.ok_or(Problem::NotFound("Inbox"))?;
                let mut mail = letter.mail.clone();
                mail.to_email = to.clone();
                if let Some(original) = &letter.in_reply_to {
                    mail.thread_id = compose::thread_of(db, identity, original)?.unwrap_or_else(|| original.clone());
                }
                let id = compose::receive(db, identity, &mail)?;
                for file in &letter.files {
                    attachments::insert(db, Some(id), &file.filename, &file.content_type, &file.content)?;
                }
            }
            Ok(())
        })
    }
}
