//! Where a link goes, through trackers and link scanners that carry the destination in the link itself.
//!
//! No server is asked. This module must not know what a link is for.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use url::Url;

/// How many nested wrappers are opened.
const DEEPEST: usize = 4;
/// Parameters in which wrappers carry the destination.
const CARRIERS: &[&str] = &[
    "url",
    "u",
    "q",
    "target",
    "to",
    "dest",
    "destination",
    "redirect",
    "redirect_url",
    "redirecturl",
    "link",
    "goto",
    "rurl",
    "lnk",
    "l",
    "p1",
    "r",
    "a",
];
/// First labels of trackers' hosts. What they carry is opaque unless the destination is found in the link.
const TRACKERS: &[&str] = &[
    "click",
    "clicks",
    "track",
    "tracking",
    "trk",
    "links",
    "link",
    "email",
    "url",
    "go",
    "t",
    "e",
    "lnk",
    "ct",
    "ablink",
    "mailtrack",
    "r",
    "redirect",
    "l",
    "elink",
    "em",
    "mandrillapp",
    "clt",
    "emltrk",
    "ctrk",
    "mkt",
    "news",
    "mailer",
];
const TRACKER_HOSTS: &[&str] = &[
    "mandrillapp.com",
    "sendgrid.net",
    "list-manage.com",
    "awstrack.me",
    "sparkpostmail.com",
    "mailgun.org",
    "hubspotlinks.com",
    "safelinks.protection.outlook.com",
    "urldefense.com",
    "urldefense.proofpoint.com",
    "google.com",
    "bit.ly",
    "t.co",
    "customeriomail.com",
    "rs6.net",
    "mjt.lu",
    "sendibt2.com",
    "klclick.com",
    "cmail19.com",
    "createsend1.com",
    "lnkd.in",
    "postmarkapp.com",
    "tinyurl.com",
    "mlsend.com",
    "exacttarget.com",
    "intercom-clicks.com",
    "mimecast.com",
    "linkprotect.cudasvc.com",
];

/// Where a link leads, and through whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// The destination, as far as it is known.
    pub(super) url: Url,
    /// Host of the wrapper, if there is one.
    pub(super) via: Option<String>,
    /// Whether the wrapper hides where it leads.
    pub(super) opaque: bool,
}

/// Returns the destination of `url`.
pub(super) fn target(url: &Url) -> Target {
    let via = || url.host_str().map(str::to_owned);
    let mut at = url.clone();
    for _ in 0..DEEPEST {
        if !is_tracker(&at) {
            break;
        }
        let Some(next) = carried(&at) else { break };
        at = next;
    }
    if at != *url {
        return Target { via: via(), opaque: is_tracker(&at) && at.path().len() > 20, url: at };
    }
    let opaque = is_tracker(url) && url.host_str() != Some("www.google.com");
    Target { via: if opaque { via() } else { None }, opaque, url: at }
}

fn is_tracker(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let known = TRACKER_HOSTS.iter().any(|t| host == *t || host.strip_suffix(t).is_some_and(|h| h.ends_with('.')));
    let first = host.split('.').next().unwrap_or(host);
    let labels = host.split('.').count();
    known
        || (labels >= 3 && (TRACKERS.contains(&first) || first.starts_with("click") || first.starts_with("url")))
        || url.path().starts_with("/ls/click")
        || url.path().starts_with("/CL0/")
}

fn carried(url: &Url) -> Option<Url> {
    let parameter = url.query_pairs().find_map(|(key, value)| {
        let known = CARRIERS.contains(&key.to_ascii_lowercase().as_str());
        known.then(|| web(&value).or_else(|| web(&proofpoint(&value))).or_else(|| decoded(&value)))?
    });
    parameter.or_else(|| in_path(url))
}

/// Finds a destination in the path: `/L0/https:%2F%2Fexample.com%2F…`, `/v3/__https://example.com__;…`, `/eyJ1cmwi…`.
fn in_path(url: &Url) -> Option<Url> {
    let path = url.path();
    if let (Some(start), Some(end)) = (path.find("__http"), path.rfind("__;")) {
        return path.get(start + 2..end).and_then(web);
    }
    let plain = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    if let Some(at) = plain.find("http") {
        return web(&plain[at..]);
    }
    path.split('/').filter(|p| p.len() >= 16).take(10).find_map(decoded)
}

/// Decodes Proofpoint's first form: `-` for `%`, `_` for `/`.
fn proofpoint(value: &str) -> String {
    let dashed = value.replace('_', "/").replace('-', "%");
    percent_encoding::percent_decode_str(&dashed).decode_utf8_lossy().into_owned()
}

/// Decodes base64 of a link, or of JSON that contains one.
fn decoded(value: &str) -> Option<Url> {
    let value = value.trim_end_matches('=');
    let bytes = URL_SAFE_NO_PAD.decode(value).or_else(|_| STANDARD_NO_PAD.decode(value)).ok()?;
    let text = String::from_utf8(bytes).ok()?.replace("\\/", "/");
    let start = text.find("http")?;
    let end = text[start..].find(['"', ' ', '\'']).map_or(text.len(), |p| start + p);
    web(&text[start..end])
}

fn web(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.host_str().is_some()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_that_tell_are_opened_and_others_said_to_be_opaque() {
        let host = |url: &str| {
            let target = target(&Url::parse(url).unwrap());
            (!target.opaque).then(|| target.url.host_str().unwrap().to_owned())
        };
        let goes = |url: &str| assert_eq!(host(url).as_deref(), Some("acme.test"), "{url}");
        goes("https://acme.test/verify?u=https://other.test/x");
        goes("https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Facme.test%2Fv%3Ft%3D1&data=05");
        goes("https://www.google.com/url?q=https://acme.test/v");
        goes("https://urldefense.proofpoint.com/v2/url?u=https-3A__acme.test_v&d=DwMF");
        goes("https://urldefense.com/v3/__https://acme.test/v?t=1__;!!abc");
        goes("https://x.r.eu-west-1.awstrack.me/L0/https:%2F%2Facme.test%2Fv/1/0100");
        goes("https://e.customeriomail.com/e/c/eyJ1cmwiOiJodHRwczovL2FjbWUudGVzdC92In0/abc");
        assert_eq!(host("https://u123.ct.sendgrid.net/ls/click?upn=u001.abcdef"), None);
    }
}
