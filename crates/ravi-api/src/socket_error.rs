//! Why there is no event socket, for builds that can have one and builds that cannot.

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
