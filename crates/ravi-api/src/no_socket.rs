//! A build without the feature `live`: there is no socket, and the replay has to do.

use super::socket_error::SocketError;
use super::{Credential, Event, IdentityUuid, Session};

/// An open socket, of which there can be none here.
#[derive(Debug)]
pub enum EventSocket {}

impl<K: Credential> Session<K> {
    /// Reports that there is no socket.
    ///
    /// # Errors
    /// Always: this program was built without the feature `live`.
    pub async fn event_socket(&self, _identity: &IdentityUuid) -> Result<EventSocket, SocketError> {
        Err(SocketError::NotOffered)
    }
}

impl EventSocket {
    /// Returns the next event.
    pub async fn next(&mut self) -> Option<Event> {
        match *self {}
    }
}
