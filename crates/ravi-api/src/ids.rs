//! Identifiers that the server gives out. They are opaque: no form is assumed, so that a change of form breaks nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::lenient;

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Returns it as it goes into an address or a file.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                $name(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                $name(text.to_owned())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                lenient::identifier(deserializer).map($name)
            }
        }
    };
}

identifier! {
    /// An identity.
    IdentityUuid
}
identifier! {
    /// The record of an API key, which revoking takes. Not the key itself.
    KeyUuid
}
identifier! {
    /// A secret.
    SecretUuid
}
identifier! {
    /// A mail or text message. The server counts them with integers; both forms are accepted.
    MessageId
}

impl From<i64> for MessageId {
    fn from(number: i64) -> Self {
        MessageId(number.to_string())
    }
}
