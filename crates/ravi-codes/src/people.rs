//! Whom a message is for: addresses in it and on it, besides the reader's own.
//!
//! A code for somebody else is not taken. This module must not know how codes are weighed.

use super::lines::Line;
use super::model::MessageText;
use super::tokens::addresses;

/// Mailboxes that a message names as a place to write to, not as its reader.
const ROLES: &[&str] = &[
    "abuse",
    "admin",
    "billing",
    "care",
    "contact",
    "feedback",
    "hello",
    "help",
    "hi",
    "info",
    "kontakt",
    "legal",
    "mail",
    "no-reply",
    "noreply",
    "notifications",
    "office",
    "postmaster",
    "press",
    "privacy",
    "sales",
    "security",
    "service",
    "support",
    "team",
    "contacto",
    "ayuda",
    "soporte",
    "suporte",
    "assistance",
    "contato",
    "hilfe",
    "datenschutz",
    "dpo",
];

/// Who reads it, who wrote it, who is named.
pub(super) struct People {
    own: Option<String>,
    domain: String,
    /// Whether the message was sent only to others.
    elsewhere: bool,
    /// The first line that names somebody else, provided that none names the reader.
    foreign: Option<usize>,
}

impl People {
    pub(super) fn of(message: &MessageText<'_>, lines: &[Line]) -> People {
        let own = message.own_address.map(plain).filter(|own| own.contains('@'));
        let to: Vec<String> =
            message.to.iter().flat_map(|to| to.split(',')).map(plain).filter(|to| to.contains('@')).collect();
        let elsewhere = own.as_ref().is_some_and(|own| !to.is_empty() && !to.contains(own));
        let sender = plain(message.from);
        let domain = registered(sender.rsplit_once('@').map_or("", |(_, d)| d)).to_owned();
        let mut people = People { own, domain, elsewhere, foreign: None };
        let named = |line: &Line| line_addresses(line).any(|a| people.is_own(&a));
        if people.own.is_some() && !lines.iter().any(named) {
            people.foreign = lines.iter().position(|l| !l.quoted && line_addresses(l).any(|a| people.is_foreign(&a)));
        }
        people
    }

    fn is_own(&self, address: &str) -> bool {
        self.own.as_deref() == Some(address)
    }

    fn is_foreign(&self, address: &str) -> bool {
        let Some((local, domain)) = address.rsplit_once('@') else { return false };
        !self.is_own(address) && registered(domain) != self.domain && !ROLES.contains(&local)
    }

    /// Whether a line has the reader's own address.
    pub(super) fn names_reader(&self, line: &Line) -> bool {
        line_addresses(line).any(|a| self.is_own(&a))
    }

    /// Returns why what is at `at` on line `nth` is for somebody else, if it is.
    pub(super) fn other(&self, nth: usize, at: usize, line: &Line) -> Option<&'static str> {
        self.own.as_ref()?;
        if self.elsewhere {
            return Some("the message was sent to somebody else");
        }
        let here: Vec<String> = line_addresses(line).collect();
        if here.iter().any(|a| self.is_own(a)) {
            // Several people on one line: the one named last before it.
            let before = addresses(&line.text).into_iter().rfind(|r| r.end <= at);
            let other = before.is_some_and(|r| self.is_foreign(&plain(&line.text[r])));
            return other.then_some("for another address");
        }
        if here.iter().any(|a| self.is_foreign(a)) {
            return Some("for another address");
        }
        self.foreign.filter(|f| *f <= nth + 2).map(|_| "the message names another address")
    }
}

fn line_addresses(line: &Line) -> impl Iterator<Item = String> {
    let ranges = if line.text.contains('@') { addresses(&line.text) } else { Vec::new() };
    ranges.into_iter().map(|r| plain(&line.text[r])).filter(|a| a.contains('@') && !a.contains('/'))
}

/// Returns `Name <a+tag@b>` as `a@b`, in lower case.
fn plain(address: &str) -> String {
    let inner =
        address.rsplit_once('<').map_or(address, |(_, a)| a).trim_matches(['<', '>', ' ', '.', '"']).to_lowercase();
    match inner.rsplit_once('@') {
        Some((local, domain)) => format!("{}@{domain}", local.split('+').next().unwrap_or(local)),
        None => inner,
    }
}

/// Returns the last two labels of a host, which is close enough to who registered it to recognise a sender's own
/// addresses.
fn registered(host: &str) -> &str {
    host.rmatch_indices('.').nth(1).map_or(host, |(at, _)| &host[at + 1..])
}
