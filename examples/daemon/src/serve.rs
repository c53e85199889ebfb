//! The protocol: one JSON object per line, `auth` first. A connection ends when the token that opened it is rotated away.

use std::sync::Arc;
use std::time::Duration;

use ravi_workspace_core::{ExposeSecret as _, SecretString, TokenSet};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// The longest line, in bytes.
const LONGEST_LINE: u64 = 64 * 1024;

/// A connection that has not shown a token within this time is closed.
const PATIENCE: Duration = Duration::from_secs(10);

const MOST_CONNECTIONS: usize = 256;

#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    id: Value,
    method: String,
    #[serde(default)]
    params: Params,
}

#[derive(Default, Deserialize)]
struct Params {
    token: Option<SecretString>,
}

/// Serves until `end`.
pub async fn until(listener: TcpListener, tokens: TokenSet, end: impl Future<Output = ()>) {
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let accept = async {
        loop {
            let Ok(place) = room.clone().acquire_owned().await else { return };
            // A connection that died before it was accepted is no reason to stop.
            let Ok((stream, _)) = listener.accept().await else { continue };
            let tokens = tokens.clone();
            tokio::spawn(async move {
                let _ = connection(stream, &tokens).await;
                drop(place);
            });
        }
    };
    tokio::select! {
        () = accept => {}
        () = end => {}
    }
}

async fn connection(stream: TcpStream, tokens: &TokenSet) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let first = timeout(PATIENCE, next(&mut reader)).await.unwrap_or(Ok(None))?;
    let Some(first) = first else { return Ok(()) };
    let shown = first.params.token.as_ref().filter(|_| first.method == "auth");
    let accepted = match shown {
        Some(token) => tokens.accepts(token.expose_secret()).await,
        None => false,
    };
    if !accepted {
        return answer(&mut writer, &first.id, Err("unauthorized")).await;
    }
    // Watch only from here on: checking may just have found the token that was shown.
    let mut rotated = std::pin::pin!(tokens.changed());
    answer(&mut writer, &first.id, Ok(json!({ "ok": true }))).await?;
    loop {
        let request = tokio::select! {
            request = next(&mut reader) => request?,
            () = &mut rotated => None,
        };
        let Some(request) = request else { return Ok(()) };
        let result = match request.method.as_str() {
            "auth" => Ok(json!({ "ok": true })),
            "ping" => Ok(json!("pong")),
            _ => Err("unknown method"),
        };
        answer(&mut writer, &request.id, result).await?;
    }
}

/// The next request; `None` at the end, or if a line is too long or is not a request.
async fn next(reader: &mut BufReader<OwnedReadHalf>) -> std::io::Result<Option<Request>> {
    let mut line = Vec::new();
    reader.take(LONGEST_LINE).read_until(b'\n', &mut line).await?;
    Ok(serde_json::from_slice(&line).ok())
}

async fn answer(
    writer: &mut tokio::net::tcp::OwnedWriteHalf,
    id: &Value,
    result: Result<Value, &str>,
) -> std::io::Result<()> {
    let reply = match result {
        Ok(result) => json!({ "id": id, "result": result }),
        Err(message) => json!({ "id": id, "error": { "message": message } }),
    };
    writer.write_all(format!("{reply}\n").as_bytes()).await
}
