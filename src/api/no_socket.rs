//! A build without the feature `live`: there is no socket, and the replay has to do.

use super::{Credential, Event, IdentityUuid, Session};

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SocketError {
    /// The server has none, or none for this key.
    #[error("the server offers no event socket")]
    NotOffered,
    /// It could not be reached.
    #[error("the event socket could not be opened: {reason}")]
    Broken {
        /// What went wrong; holds no key.
        reason: String,
    },
}

/// An open socket, which there is none of.
#[derive(Debug)]
pub enum EventSocket {}

impl<K: Credential> Session<K> {
    /// Says that there is none.
    ///
    /// # Errors
    /// Always: this program was built without the feature `live`.
    pub async fn event_socket(&self, _identity: &IdentityUuid) -> Result<EventSocket, SocketError> {
        Err(SocketError::NotOffered)
    }
}

impl EventSocket {
    /// The next event.
    pub async fn next(&mut self) -> Option<Event> {
        match *self {}
    }
}
