//! Reads `auth.json` as Codex reads it.
//!
//! The types are those of Codex 0.169.0: `AuthDotJson` in codex-rs/login/src/auth/storage.rs, `TokenData` in
//! login/src/token_data.rs. The whole text is kept, whatever else it contains.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::error::CodexError;
use super::report::{CodexLogin, CodexMode};
use crate::machine::hex::hex;

/// A usable Codex login.
#[derive(Debug, Clone)]
pub(crate) struct Auth {
    /// The whole file.
    pub(crate) text: SecretString,
    /// SHA-256 of it, in hex.
    pub(crate) digest: String,
    pub(crate) account: Account,
    pub(crate) last_refresh: Option<Timestamp>,
    expires: Option<Timestamp>,
    email: Option<String>,
}

/// Whose login it is. Two logins belong to the same account if these are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Account {
    /// A ChatGPT account, whose refresh tokens can be used only once.
    ChatGpt(String),
    /// An API key, by the beginning of its digest. It never changes and may be used anywhere.
    ApiKey(String),
}

impl Account {
    pub(crate) fn mode(&self) -> CodexMode {
        match self {
            Account::ChatGpt(_) => CodexMode::ChatGpt,
            Account::ApiKey(_) => CodexMode::ApiKey,
        }
    }

    /// The account's name, for people.
    pub(crate) fn shown(&self) -> String {
        match self {
            Account::ChatGpt(id) => format!("ChatGPT account {id}"),
            Account::ApiKey(id) => format!("API key #{id}"),
        }
    }
}

#[derive(Deserialize)]
struct File {
    auth_mode: Option<String>,
    #[serde(rename = "OPENAI_API_KEY")]
    api_key: Option<SecretString>,
    tokens: Option<Tokens>,
    last_refresh: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: SecretString,
    access_token: SecretString,
    refresh_token: SecretString,
    account_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct IdClaims {
    email: Option<String>,
    #[serde(rename = "https://api.openai.com/auth")]
    auth: AuthClaims,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AuthClaims {
    chatgpt_account_id: Option<String>,
    chatgpt_user_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AccessClaims {
    exp: Option<i64>,
}

impl Auth {
    /// Reads the text of the file at `path`. Error texts hold none of it.
    ///
    /// # Errors
    /// What Codex would refuse, or would accept without being logged in.
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Auth, CodexError> {
        let damaged = |reason: &'static str| CodexError::Damaged { path: path.to_owned(), reason };
        let text = std::str::from_utf8(bytes).map_err(|_| damaged("it is not text"))?;
        if text.trim().is_empty() {
            return Err(damaged("it is empty"));
        }
        let file: File = serde_json::from_str(text).map_err(|e| match e.classify() {
            serde_json::error::Category::Eof => damaged("it ends in the middle"),
            serde_json::error::Category::Syntax => damaged("it is not JSON"),
            _ => damaged("a part of the login is missing or of the wrong kind"),
        })?;
        let digest = hex(&Sha256::digest(text));
        let text = SecretString::from(text);
        match file.mode().map_err(|mode| CodexError::Mode { path: path.to_owned(), mode })? {
            CodexMode::ApiKey => {
                let key = file.api_key.filter(|key| !key.expose_secret().trim().is_empty());
                let key = key.ok_or_else(|| damaged("it holds no API key"))?;
                let id = hex(&Sha256::digest(key.expose_secret())[..4]);
                Ok(Auth { text, digest, account: Account::ApiKey(id), last_refresh: None, expires: None, email: None })
            }
            CodexMode::ChatGpt => {
                let tokens = file.tokens.ok_or_else(|| damaged("it holds no login"))?;
                let id: IdClaims = claims(&tokens.id_token).ok_or_else(|| damaged("its id_token is no JWT"))?;
                if tokens.access_token.expose_secret().is_empty() || tokens.refresh_token.expose_secret().is_empty() {
                    return Err(damaged("it holds no tokens"));
                }
                // Codex reads such a file, but is then not logged in.
                let last_refresh = file.last_refresh.ok_or_else(|| damaged("it does not say when it was refreshed"))?;
                let access: AccessClaims = claims(&tokens.access_token).unwrap_or_default();
                let expires = access.exp.and_then(|seconds| Timestamp::from_second(seconds).ok());
                let account = tokens.account_id.or(id.auth.chatgpt_account_id).or(id.auth.chatgpt_user_id);
                let account = account.filter(|id| !id.is_empty()).or(id.email.clone());
                let account = Account::ChatGpt(account.unwrap_or_else(|| "unknown".to_owned()));
                Ok(Auth { text, digest, account, last_refresh: Some(last_refresh), expires, email: id.email })
            }
        }
    }

    /// Whether it may be used on only one machine at a time.
    pub(crate) fn leased(&self) -> bool {
        matches!(self.account, Account::ChatGpt(_))
    }

    /// What may be shown of it.
    pub(crate) fn shown(&self) -> CodexLogin {
        CodexLogin {
            mode: self.account.mode(),
            account: self.account.shown(),
            email: self.email.clone(),
            last_refresh_ms: self.last_refresh.map(Timestamp::as_millisecond),
            expires_ms: self.expires.map(Timestamp::as_millisecond),
        }
    }
}

impl File {
    /// Decides as Codex does: without `auth_mode`, an API key wins over tokens.
    fn mode(&self) -> Result<CodexMode, String> {
        match self.auth_mode.as_deref() {
            Some("chatgpt") => Ok(CodexMode::ChatGpt),
            Some("apikey") => Ok(CodexMode::ApiKey),
            None if self.api_key.is_some() => Ok(CodexMode::ApiKey),
            None => Ok(CodexMode::ChatGpt),
            Some(other) => Err(other.chars().filter(char::is_ascii_alphanumeric).take(40).collect()),
        }
    }
}

/// The claims of a JWT. As in Codex, the signature is not checked.
fn claims<T: DeserializeOwned>(token: &SecretString) -> Option<T> {
    let mut parts = token.expose_secret().split('.');
    let (Some(head), Some(payload), Some(signature)) = (parts.next(), parts.next(), parts.next()) else { return None };
    if head.is_empty() || signature.is_empty() {
        return None;
    }
    let payload = Zeroizing::new(URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?);
    serde_json::from_slice(&payload).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Auth, CodexError> {
        Auth::parse(Path::new("auth.json"), text.as_bytes())
    }

    fn jwt(claims: &str) -> String {
        format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_chatgpt_login_is_read_with_what_may_be_shown() {
        let id = jwt(r#"{"email":"dev@example.com","https://api.openai.com/auth":{"chatgpt_account_id":"acct-2"}}"#);
        let access = jwt(r#"{"exp":1800000000}"#);
        let text = format!(
            r#"{{"tokens":{{"id_token":"{id}","access_token":"{access}","refresh_token":"made-up"}},
                "last_refresh":"2026-11-20T21:43:37.180265973Z","more":1}}"#
        );
        let auth = parse(&text).unwrap();
        assert_eq!(auth.account, Account::ChatGpt("acct-2".into()));
        let shown = auth.shown();
        assert_eq!((shown.email.as_deref(), shown.expires_ms), (Some("dev@example.com"), Some(1_800_000_000_000)));
        assert_eq!(shown.last_refresh_ms, Some(1_795_211_017_180));
        assert_eq!(auth.text.expose_secret(), text);
        assert!(!format!("{auth:?}").contains("made-up"));
    }

    #[test]
    fn what_codex_refuses_or_cannot_use_is_refused() {
        let id = jwt("{}");
        let tokens = |id: &str| format!(r#"{{"id_token":"{id}","access_token":"a","refresh_token":"r"}}"#);
        for (text, reason) in [
            (String::new(), "empty"),
            (" \n".into(), "empty"),
            (r#"{"tokens":{"id_tok"#.into(), "middle"),
            ("[".into(), "middle"),
            ("no".into(), "JSON"),
            (r#"{"foo":1}"#.into(), "no login"),
            (r#"{"auth_mode":"apikey"}"#.into(), "no API key"),
            (r#"{"auth_mode":"chatgpt","tokens":{"id_token":"x"}}"#.into(), "missing"),
            (format!(r#"{{"tokens":{},"last_refresh":"2026-11-20T21:43:37Z"}}"#, tokens("not-a-jwt")), "no JWT"),
            (format!(r#"{{"tokens":{}}}"#, tokens(&id)), "refreshed"),
        ] {
            let error = parse(&text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
        assert!(matches!(parse(r#"{"auth_mode":"headers"}"#), Err(CodexError::Mode { .. })));
    }

    #[test]
    fn an_api_key_wins_over_tokens_and_is_told_by_a_digest() {
        let auth = parse(r#"{"OPENAI_API_KEY":"sk-made-up","tokens":null}"#).unwrap();
        assert!(matches!(&auth.account, Account::ApiKey(id) if id.len() == 8));
        assert!(!auth.leased() && !format!("{auth:?}").contains("sk-"));
    }
}
