//! Keys as types: the compiler knows which calls a key may make. They never show themselves.

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::ApiError;

/// A key that a [`Session`](super::Session) can be opened with. Only the types of this module qualify.
pub trait Credential: sealed::Key + Clone + Send + Sync + 'static {}

mod sealed {
    /// Keeps other types from being credentials: only these were checked to fit into a header.
    pub trait Key {
        fn expose(&self) -> &str;
    }
}

macro_rules! key {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(SecretString);

        impl $name {
            /// What every key of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// Checks prefix and characters, and drops white space around the key. Says nothing about whether Ravi
            /// accepts it.
            pub fn parse(text: SecretString) -> Result<Self, ApiError> {
                checked(text, $prefix).map($name)
            }

            /// The key itself. Keep it out of logs, arguments and error texts.
            pub fn expose(&self) -> &str {
                self.0.expose_secret()
            }
        }

        impl sealed::Key for $name {
            fn expose(&self) -> &str {
                self.expose()
            }
        }

        impl Credential for $name {}
    };
}

key! {
    /// A management key: reaches the whole account.
    ManagementKey, "ravi_mgmt_"
}
key! {
    /// An identity key: fenced to one identity.
    IdentityKey, "ravi_id_"
}

/// A key of either kind.
#[derive(Clone, Debug)]
pub enum AnyKey {
    /// Reaches the whole account.
    Management(ManagementKey),
    /// Fenced to one identity.
    Identity(IdentityKey),
}

impl AnyKey {
    /// Tells the kind by the prefix, and checks the key accordingly.
    pub fn parse(text: SecretString) -> Result<Self, ApiError> {
        let start = text.expose_secret().trim_start();
        if start.starts_with(ManagementKey::PREFIX) {
            ManagementKey::parse(text).map(AnyKey::Management)
        } else if start.starts_with(IdentityKey::PREFIX) {
            IdentityKey::parse(text).map(AnyKey::Identity)
        } else {
            Err(ApiError::BadKey { expected: "ravi_mgmt_… or ravi_id_…", reason: "it begins with something else" })
        }
    }

    /// The key itself. Keep it out of logs, arguments and error texts.
    pub fn expose(&self) -> &str {
        match self {
            AnyKey::Management(key) => key.expose(),
            AnyKey::Identity(key) => key.expose(),
        }
    }
}

impl From<ManagementKey> for AnyKey {
    fn from(key: ManagementKey) -> Self {
        AnyKey::Management(key)
    }
}

impl From<IdentityKey> for AnyKey {
    fn from(key: IdentityKey) -> Self {
        AnyKey::Identity(key)
    }
}

impl sealed::Key for AnyKey {
    fn expose(&self) -> &str {
        self.expose()
    }
}

impl Credential for AnyKey {}

/// Makes the `Authorization` header for a key, marked so that no library shows it.
pub(super) fn authorization(key: &impl Credential) -> HeaderValue {
    let text = zeroize::Zeroizing::new(format!("Bearer {}", key.expose()));
    let mut header = HeaderValue::from_str(&text).expect("key is a token"); // cannot fail: `checked` lets only token characters through
    header.set_sensitive(true);
    header
}

/// Checks that the characters are those of a bearer token (RFC 6750 §2.1). A masked key (`ravi_id_****`) does not pass.
fn checked(text: SecretString, prefix: &'static str) -> Result<SecretString, ApiError> {
    let refuse = |reason| Err(ApiError::BadKey { expected: prefix, reason });
    let key = text.expose_secret().trim();
    let Some(rest) = key.strip_prefix(prefix) else {
        return refuse("it begins with something else");
    };
    if rest.is_empty() {
        return refuse("there is nothing after the prefix");
    }
    if !rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b)) {
        return refuse("it has characters that no key contains");
    }
    Ok(if key.len() == text.expose_secret().len() { text } else { SecretString::from(key) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_and_characters_are_checked() {
        let parse = |text: &str| AnyKey::parse(text.into());
        assert!(matches!(parse("ravi_mgmt_made-up.1~+/="), Ok(AnyKey::Management(_))));
        assert!(matches!(parse(" ravi_id_made_up\n"), Ok(AnyKey::Identity(k)) if k.expose() == "ravi_id_made_up"));
        for bad in [
            "",
            "ravi_id_",
            "ravi_mgmt_ ",
            "sk-made-up",
            "ravi_id_a b",
            "ravi_id_a\r\nX: y",
            "ravi_id_****",
            "ravi_id_é",
        ] {
            assert!(matches!(parse(bad), Err(ApiError::BadKey { .. })), "{bad:?}");
        }
        assert!(ManagementKey::parse("ravi_id_made_up".into()).is_err());
        assert!(IdentityKey::parse("ravi_mgmt_made_up".into()).is_err());
    }

    #[test]
    fn a_key_does_not_show_itself() {
        let key = AnyKey::parse("ravi_id_made_up".into()).unwrap();
        assert!(!format!("{key:?}").contains("made_up"));
        assert!(!format!("{:?}", authorization(&key)).contains("made_up"));
        let error = AnyKey::parse("ravi_id_made up".into()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("made up"));
    }
}
