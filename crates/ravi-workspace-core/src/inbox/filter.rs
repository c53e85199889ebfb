//! Whether a message matches a filter.

use super::aside::Aside;
use super::model::MessageFilter;
use crate::messages::Raw;

impl MessageFilter {
    /// Whether the filter matches `message`.
    pub(super) fn matches(&self, message: &Raw, aside: &Aside) -> bool {
        let item = message.bare_item();
        let is = |pattern: &Option<String>, test: &dyn Fn(&str) -> bool| pattern.as_deref().is_none_or(test);
        let to_any =
            |to: &str| addresses(message.cc()).chain([item.to.as_str()]).any(|party| is_party(to, party, None));
        self.kind.is_none_or(|kind| kind == item.kind)
            && !(self.unread && item.read)
            && is(&self.from, &|from| is_party(from, &item.from, item.from_name.as_deref()))
            && is(&self.to, &to_any)
            && is(&self.subject, &|part| contains(&item.subject, part))
            && is(&self.text, &|part| contains(&message.text(aside), part))
    }
}

/// Returns the addresses in a header's text.
pub(crate) fn addresses(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|address| !address.is_empty())
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

/// Returns the address in `Name <address>`, else all of the text.
fn bare(party: &str) -> &str {
    match (party.rfind('<'), party.ends_with('>')) {
        (Some(start), true) => &party[start + 1..party.len() - 1],
        _ => party,
    }
}

fn is_party(pattern: &str, party: &str, name: Option<&str>) -> bool {
    let (pattern, party) = (pattern.trim().to_lowercase(), bare(party.trim()).to_lowercase());
    let domain = party.rsplit_once('@').map(|(_, domain)| domain);
    if let Some(exact) = pattern.strip_prefix('@') {
        return domain == Some(exact);
    }
    if pattern.contains('@') {
        return party == bare(&pattern);
    }
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let is_number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || " +-().".contains(c));
    if is_number(&pattern) && is_number(&party) {
        return digits(&pattern) == digits(&party);
    }
    match domain {
        Some(domain) if pattern.contains('.') => {
            domain == pattern || domain.strip_suffix(&pattern).is_some_and(|rest| rest.ends_with('.'))
        }
        Some(_) => name.is_some_and(|name| contains(name, &pattern)),
        // The sender's name of a text message.
        None => party == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::is_party;

    #[test]
    fn a_sender_is_matched_as_a_whole() {
        let matches = |pattern, party| is_party(pattern, party, Some("GitHub Support"));
        for (pattern, party) in [
            ("noreply@example.com", "NoReply@Example.com"),
            ("noreply@example.com", "Example <noreply@example.com>"),
            ("@example.com", "a@example.com"),
            ("example.com", "a@example.com"),
            ("example.com", "a@mail.example.com"),
            ("github", "a@example.com"),
            ("+1 (555) 010-0000", "+15550100000"),
            ("Acme", "ACME"),
        ] {
            assert!(matches(pattern, party), "{pattern} {party}");
        }
        for (pattern, party) in [
            ("noreply@example.com", "noreply@example.com.evil.test"),
            ("noreply@example.com", "xnoreply@example.com"),
            ("@example.com", "a@mail.example.com"),
            ("example.com", "a@example.com.evil.test"),
            ("example.com", "a@notexample.com"),
            ("example.com", "example.com@evil.test"),
            ("5550100000", "+15550100000"),
            ("Acme", "Acme Bank"),
        ] {
            assert!(!is_party(pattern, party, None), "{pattern} {party}");
        }
    }
}
