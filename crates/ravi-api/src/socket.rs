//! Events as they happen, over a WebSocket.
//!
//! It is not documented how Ravi's socket takes a key, nor that every Ravi has one. The key is sent as with any call,
//! in the `Authorization` header. Any answer other than an open socket means that there is none, and the replay
//! ([`Events::after`](super::Events::after)) has to do. The socket promises nothing: it may skip, repeat and reorder
//! events.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use reqwest::header::AUTHORIZATION;
use reqwest_websocket::{Message, Upgrade as _, WebSocket};

use super::call::Call;
use super::socket_error::SocketError;
use super::{ApiError, Credential, Event, IdentityUuid, Session, http};

/// Longest wait for the socket to open.
const OPENING: Duration = Duration::from_secs(10);
/// Most bytes of one message that are read.
const MOST_BYTES: usize = 1024 * 1024;

/// An open socket.
pub struct EventSocket {
    socket: WebSocket,
}

impl std::fmt::Debug for EventSocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventSocket").finish_non_exhaustive()
    }
}

impl<K: Credential> Session<K> {
    /// `GET /ws/events/`: opens the socket with the events of one identity.
    ///
    /// # Errors
    /// The server offers no socket, or cannot be reached.
    pub async fn event_socket(&self, identity: &IdentityUuid) -> Result<EventSocket, SocketError> {
        let opening = tokio::time::timeout(OPENING, self.open(identity));
        opening.await.unwrap_or_else(|_| Err(broken(&"it took too long")))
    }

    async fn open(&self, identity: &IdentityUuid) -> Result<EventSocket, SocketError> {
        let call = Call::get("/ws/events/", &[]).and_then(|call| call.identity(identity)).map_err(|e| broken(&e))?;
        let options = self.client.options();
        // HTTP/2 connections cannot be upgraded to sockets, so the client's own are of no use.
        let http = http::build_http1(options).map_err(|e: ApiError| broken(&e))?;
        let request = http.get(call.url(&options.base_url)).header(AUTHORIZATION, self.authorization.clone());
        let config = reqwest_websocket_config();
        let answer = request.upgrade().web_socket_config(config).send().await.map_err(|e| broken(&e))?;
        let status = answer.status();
        match answer.into_websocket().await {
            Ok(socket) => Ok(EventSocket { socket }),
            Err(error) if status.is_server_error() || status.as_u16() == 429 => Err(broken(&error)),
            Err(_) => Err(SocketError::NotOffered),
        }
    }
}

fn reqwest_websocket_config() -> tungstenite::protocol::WebSocketConfig {
    tungstenite::protocol::WebSocketConfig::default()
        .max_message_size(Some(MOST_BYTES))
        .max_frame_size(Some(MOST_BYTES))
}

fn broken(error: &dyn std::fmt::Display) -> SocketError {
    SocketError::Broken { reason: super::scrub::scrub(&error.to_string(), None) }
}

impl EventSocket {
    /// Returns the next event; `None` when the socket is closed or broken.
    ///
    /// Anything that is not an event is skipped. Nothing is lost if the call is dropped while it waits.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            let event = match self.socket.try_next().await.ok()?? {
                Message::Text(text) => serde_json::from_str(&text).ok(),
                Message::Binary(bytes) => serde_json::from_slice(&bytes).ok(),
                Message::Close { .. } => return None,
                _ => None,
            };
            if event.is_some() {
                return event;
            }
        }
    }
}
