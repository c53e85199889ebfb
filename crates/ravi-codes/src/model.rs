//! What goes into [`super::extract`] and what comes out.

use serde::Serialize;

/// How a message was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// A mail.
    #[default]
    Email,
    /// A text message.
    Sms,
}

/// A message, as far as finding codes and links in it requires.
#[derive(Debug, Clone, Copy, Default)]
pub struct MessageText<'a> {
    /// Who sent it: a mail address, with or without a display name, or a phone number or sender name.
    pub from: &'a str,
    /// The recipients (`To`; an SMS has one).
    pub to: &'a [&'a str],
    /// The address (or phone number) of the identity that reads it. It tells codes for somebody else apart.
    pub own_address: Option<&'a str>,
    /// The subject; empty for an SMS.
    pub subject: &'a str,
    /// The plain text part.
    pub text: Option<&'a str>,
    /// The HTML part, as received.
    pub html: Option<&'a str>,
    /// Mail or SMS.
    pub kind: Kind,
}

/// What was found in a message.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Extraction {
    /// The code, if one stands out; `None` if there is none or it is uncertain which.
    pub code: Option<Code>,
    /// The link to follow, if one stands out.
    pub link: Option<Link>,
    /// What was considered, best first, at most 10. Includes the chosen ones.
    pub candidates: Vec<Candidate>,
    /// Whether the answer can be relied on, even if it is "there is none". `false`: there may be a code or a link, look
    /// at `candidates`.
    pub confident: bool,
}

/// A one-time code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Code {
    /// What to type, in ASCII: digits without the spaces and dashes they were printed with; codes with letters keep
    /// their dashes.
    pub value: String,
    /// The code as it appears in the message.
    pub shown: String,
}

/// A link that confirms, signs in or continues something that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Link {
    /// The link as it appears in the message, with any tracking.
    pub url: String,
    /// The host it finally leads to. `None` if `url` is a tracker's that does not reveal where it goes.
    pub host: Option<String>,
    /// The host of the tracker or link scanner that `url` goes through first.
    pub via: Option<String>,
}

/// Something that may be the code or the link.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Candidate {
    /// The code as it would be typed, or the link.
    pub value: String,
    /// Code or link.
    pub kind: CandidateKind,
    /// How likely it is, 0 to 100. From 60 on, it can be chosen.
    pub score: u8,
    /// Why it has this score, in the order in which it was weighed.
    pub reasons: Vec<String>,
}

/// What a [`Candidate`] may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub enum CandidateKind {
    /// A one-time code.
    Code,
    /// A verification link.
    Link,
}
