//! Decoding that tolerates what Ravi's versions disagree about: numbers in place of texts and vice versa, nulls, names
//! of directions. Used field by field; whatever is not tolerated makes the answer one of the wrong shape.

use std::fmt;

use secrecy::SecretString;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use ravi_error::shown;

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// To the identity. The server says `incoming` or `inbound`.
    Incoming,
    /// From the identity. The server says `outgoing` or `outbound`.
    Outgoing,
    /// The server said something else, or nothing.
    #[default]
    Unknown,
}

impl Direction {
    /// Returns its name in the server's queries.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Incoming => "incoming",
            Direction::Outgoing => "outgoing",
            Direction::Unknown => "unknown",
        }
    }
}

impl<'de> Deserialize<'de> for Direction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match text(deserializer)?.as_str() {
            "incoming" | "inbound" => Direction::Incoming,
            "outgoing" | "outbound" => Direction::Outgoing,
            _ => Direction::Unknown,
        })
    }
}

/// Reads a text; a number or boolean as it is written; a list of texts joined with commas; null as empty.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_any(TextVisitor)
}

/// Like [`text`], but null and the empty text are `None`.
pub(super) fn maybe_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    text(deserializer).map(filled)
}

/// Reads a text as one line that is safe to show to a person.
pub(super) fn line<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    text(deserializer).map(|text| shown::line(&text))
}

/// Reads a mail address, or nothing. It goes into git's configuration and into lists of signers, so it must not contain
/// anything that is special there.
pub(super) fn maybe_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let fits = |c: char| c.is_alphanumeric() || "@.-_+=~#$%&'^`{|}/".contains(c);
    let is_one = |text: &String| text.contains('@') && text.chars().all(fits);
    match maybe_text(deserializer)? {
        Some(text) if !is_one(&text) => Err(D::Error::custom("a mail address is needed")),
        text => Ok(text),
    }
}

/// Reads a phone number, or nothing.
pub(super) fn maybe_phone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let fits = |c: char| c.is_ascii_digit() || "+-(). ".contains(c);
    match maybe_text(deserializer)? {
        Some(text) if !text.chars().all(fits) => Err(D::Error::custom("a phone number is needed")),
        text => Ok(text),
    }
}

/// Reads an identifier: a text or a number, not empty, and a single word.
pub(super) fn identifier<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = filled(text(deserializer)?).filter(|text| text.bytes().all(|b| b.is_ascii_graphic()));
    text.ok_or_else(|| D::Error::custom("an identifier is needed"))
}

/// Reads a text that is an identifier; a number (a database id of the server) is not one.
pub(super) fn maybe_uuid<'de, D: Deserializer<'de>, T: From<String>>(deserializer: D) -> Result<Option<T>, D::Error> {
    let text = maybe_text(deserializer)?;
    let is_one = |t: &String| t.bytes().all(|b| b.is_ascii_graphic()) && !t.bytes().all(|b| b.is_ascii_digit());
    Ok(text.filter(is_one).map(T::from))
}

/// Reads a count or a number of seconds: a number, or a text that contains one; null and negative numbers are zero.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let text = text(deserializer)?;
    let text = text.trim();
    if text.is_empty() {
        return Ok(0);
    }
    match text.parse::<u64>() {
        Ok(number) => Ok(number),
        Err(_) => text.parse::<f64>().map(|n| n as u64).map_err(|_| D::Error::custom("a number is needed")),
    }
}

/// Like [`number`], but null is `None`.
pub(super) fn maybe_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let Some(text) = maybe_text(deserializer)? else { return Ok(None) };
    number(serde::de::value::StringDeserializer::new(text)).map(Some)
}

/// Reads a boolean, as such, as a number, or as a text; null is false.
pub(super) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match text(deserializer)?.as_str() {
        "true" | "True" | "1" => Ok(true),
        "false" | "False" | "0" | "" => Ok(false),
        _ => Err(D::Error::custom("a boolean is needed")),
    }
}

/// Reads a list; null is an empty one.
pub(super) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Option::<Vec<T>>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads a secret text; null is empty. Never copied into an unprotected string.
pub(super) fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    Option::<SecretString>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Returns `None` for the empty text.
pub(super) fn filled(text: String) -> Option<String> {
    Some(text).filter(|t| !t.is_empty())
}

/// Sorts by the server's timestamp, oldest first, because the API contradicts itself about the order of its lists.
/// Fractions of a second are compared as numbers, which comparing the texts would not do.
pub(super) fn sort_by_time<T>(items: &mut [T], created: impl Fn(&T) -> Option<&str>) {
    items.sort_by(|a, b| moment(created(a)).cmp(&moment(created(b))));
}

fn moment(stamp: Option<&str>) -> (&str, &str) {
    let stamp = stamp.unwrap_or_default();
    let Some((seconds, rest)) = stamp.split_at_checked(19) else { return (stamp, "") };
    let fraction = rest.strip_prefix('.').unwrap_or_default();
    let end = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
    (seconds, fraction[..end].trim_end_matches('0'))
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, number or null")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<String, E> {
        Ok(text)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<String, E> {
        Ok(flag.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_unit<E: Error>(self) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_none<E: Error>(self) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<String, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element::<Option<String>>()? {
            all.extend(item);
        }
        Ok(all.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Row {
        #[serde(default, deserialize_with = "text")]
        cc: String,
        #[serde(default, deserialize_with = "maybe_text")]
        phone: Option<String>,
        #[serde(default, deserialize_with = "number")]
        size: u64,
        #[serde(default, deserialize_with = "maybe_number")]
        asked: Option<u64>,
        #[serde(default, deserialize_with = "flag")]
        read: bool,
        #[serde(default)]
        direction: Direction,
    }

    fn row(json: &str) -> Row {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn what_versions_disagree_about_is_forgiven() {
        let full = row(
            r#"{"cc": ["a@x", "b@x"], "phone": 17, "size": "12", "asked": 3.0, "read": 1, "direction": "inbound"}"#,
        );
        assert_eq!(
            (full.cc.as_str(), full.phone.as_deref(), full.size, full.asked),
            ("a@x, b@x", Some("17"), 12, Some(3))
        );
        assert_eq!((full.read, full.direction), (true, Direction::Incoming));
        let null = row(r#"{"cc": null, "phone": null, "size": null, "asked": null, "read": null, "direction": null}"#);
        assert_eq!((null.cc.as_str(), null.phone, null.size, null.asked), ("", None, 0, None));
        assert_eq!((null.read, null.direction), (false, Direction::Unknown));
        let none = row("{}");
        assert_eq!((none.cc.as_str(), none.phone, none.asked), ("", None, None));
        assert_eq!(row(r#"{"direction": "outgoing", "size": -1, "phone": ""}"#).direction, Direction::Outgoing);
        assert!(serde_json::from_str::<Row>(r#"{"phone": {}}"#).is_err());
        assert!(serde_json::from_str::<Row>(r#"{"size": "many"}"#).is_err());
    }

    #[test]
    fn times_are_sorted_with_their_fractions() {
        let mut stamps = vec![
            "2026-11-01T10:00:00.500Z",
            "2026-11-01T10:00:00Z",
            "",
            "2026-11-01T09:59:59.9Z",
            "2026-11-01T10:00:00.45Z",
        ];
        sort_by_time(&mut stamps, |s| Some(s));
        assert_eq!(
            stamps,
            [
                "",
                "2026-11-01T09:59:59.9Z",
                "2026-11-01T10:00:00Z",
                "2026-11-01T10:00:00.45Z",
                "2026-11-01T10:00:00.500Z"
            ]
        );
    }
}
