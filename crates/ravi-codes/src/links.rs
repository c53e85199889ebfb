//! How likely each link is the one that confirms or signs in.
//!
//! That depends on the text it is shown with, the lines before it, its path, and whether it carries something that only
//! its recipient can have. This module must not know what an answer is used for.

use std::collections::HashSet;

use url::Url;

use super::lines::{Line, Part, head};
use super::people::People;
use super::sentence::sentence_end;
use super::target::{Target, target};
use super::tokens::web;
use super::weigh::{Topic, Weighed};
use super::words::{Class, Words};

/// How many links are examined.
const MOST: usize = 400;
/// Parts of paths and names of parameters in links that confirm.
const PATHS: &[&str] = &[
    "verify",
    "verif",
    "confirm",
    "activat",
    "validat",
    "magic",
    "login",
    "signin",
    "sign-in",
    "sign_in",
    "auth",
    "reset",
    "password",
    "token",
    "otp",
    "invit",
    "accept",
    "unlock",
    "approve",
    "register",
    "registration",
    "signup",
    "sign-up",
    "callback",
    "email",
    "onboard",
    "opt-in",
    "optin",
    "ticket",
    "session",
    "account",
    "bestaetig",
    "confirmer",
    "activar",
    "verificar",
];
/// Those that ordinary links to a sign-in page never have.
const SURE_PATHS: &[&str] = &["callback", "magic", "verify", "confirm", "token=", "otp"];
/// A link with one of these is never the right one.
const ELSEWHERE: &[&str] = &[
    "unsubscribe",
    "unsub",
    "optout",
    "opt-out",
    "opt_out",
    "preferences",
    "privacy",
    "/terms",
    "/legal",
    "/help",
    "/support",
    "/faq",
    "/blog",
    "/docs",
    "facebook.com",
    "instagram.com",
    "twitter.com",
    "//x.com",
    "linkedin.com",
    "youtube.com",
    "tiktok.com",
    "apps.apple.com",
    "play.google.com",
    "view-in-browser",
    "viewonline",
    "/invoice",
    "/order",
    "/track",
    "report",
    "not-me",
    "notme",
    "deny",
    "secure-account",
    "abuse",
    "revoke",
    "cancel",
    "feedback",
    "survey",
];

/// A link with its points.
pub(super) struct WeighedLink {
    pub(super) weighed: Weighed,
    pub(super) target: Target,
}

struct Found<'a> {
    href: &'a str,
    text: &'a str,
    line: usize,
    at: usize,
    end: usize,
}

/// Returns all links with their points.
pub(super) fn weigh(lines: &[Line], topic: &Topic, people: &People, words: &Words) -> Vec<WeighedLink> {
    let mut found = Vec::new();
    for (nth, line) in lines.iter().enumerate() {
        for anchor in &line.anchors {
            found.push(Found {
                href: &anchor.href,
                text: &anchor.text,
                line: nth,
                at: anchor.range.start,
                end: anchor.range.end,
            });
        }
        let ranges = if line.text.contains(['/', '.']) { web(&line.text) } else { Vec::new() };
        for range in ranges.into_iter().filter(|_| line.anchors.is_empty()) {
            let href = trimmed(&line.text[range.clone()]);
            if href.starts_with("http") {
                found.push(Found { href, text: "", line: nth, at: range.start, end: range.start + href.len() });
            }
        }
        if found.len() >= MOST {
            break;
        }
    }
    let desk = Desk { lines, topic, people, words };
    let mut all: Vec<WeighedLink> = found.iter().filter_map(|f| desk.weigh(f)).collect();
    let count: HashSet<&str> = all.iter().filter(|l| l.weighed.score > 0).map(|l| l.weighed.value.as_str()).collect();
    if count.len() == 1 {
        all.iter_mut().filter(|l| l.weighed.score >= 50).for_each(|l| l.weighed.add(6, "the only link of its kind"));
    }
    all
}

/// Removes punctuation after an address, which belongs to the sentence.
fn trimmed(url: &str) -> &str {
    let url = url.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '|']);
    let opened = url.matches('(').count() < url.matches(')').count();
    let url = if opened { url.trim_end_matches(')') } else { url };
    url.trim_end_matches([']', '}'])
}

struct Desk<'a> {
    lines: &'a [Line],
    topic: &'a Topic,
    people: &'a People,
    words: &'a Words,
}

impl Desk<'_> {
    fn weigh(&self, found: &Found<'_>) -> Option<WeighedLink> {
        let url = Url::parse(found.href).ok().filter(|u| matches!(u.scheme(), "http" | "https"))?;
        let target = target(&url);
        let line = &self.lines[found.line];
        let mut weighed = Weighed {
            value: found.href.to_owned(),
            shown: found.text.trim().to_owned(),
            part: line.part,
            score: 0,
            reasons: Vec::new(),
            spent: false,
        };
        self.path_points(&mut weighed, &target);
        let named = self.name_points(&mut weighed, found);
        if self.topic.action {
            weighed.add(6, "the message is about confirming");
        }
        if !named && weighed.score > 44 {
            weighed.limit(44, "nothing says what it is for");
        }
        self.limits(&mut weighed, found, &url, &target);
        Some(WeighedLink { weighed, target })
    }

    fn path_points(&self, weighed: &mut Weighed, target: &Target) {
        let whole = target.url.as_str().to_ascii_lowercase();
        let path = &whole[whole.find("://").map_or(0, |p| p + 3)..];
        let path = &path[path.find('/').unwrap_or(path.len())..];
        if ELSEWHERE.iter().any(|p| whole.contains(p)) {
            weighed.add(-60, "its address is of another kind");
        }
        if target.opaque {
            weighed.add(20, "a tracker's link");
            return;
        }
        if PATHS.iter().any(|p| path.contains(p)) {
            weighed.add(15, "its path speaks of confirming or signing in");
        }
        if has_token(&target.url) {
            weighed.add(20, "carries a token");
        }
        if path.len() <= 1 {
            weighed.add(-30, "leads to a start page");
        }
    }

    /// Adds points for the text it is shown with, else for what the lines before it say. Returns whether that is what
    /// such links are for.
    fn name_points(&self, weighed: &mut Weighed, found: &Found<'_>) -> bool {
        let text = super::normal::normal(found.text);
        let shown = if text.trim().starts_with("http") { Vec::new() } else { self.words.hits(&text) };
        let has = |class: Class| shown.iter().any(|h| h.class == class);
        if has(Class::Warn) {
            weighed.add(-60, "for those who did not ask for it");
            return false;
        }
        if has(Class::Utility) {
            weighed.add(-60, "shown as something else");
            return false;
        }
        if has(Class::Neg) && !has(Class::Action) {
            weighed.add(-40, "shown as something else");
            return false;
        }
        if has(Class::Action) {
            weighed.add(45, "shown as confirming");
            return true;
        }
        let enter = has(Class::Enter);
        if enter {
            weighed.add(20, "shown as signing in");
        }
        let before: Vec<Class> = self.before(found).collect();
        let nearest = before.iter().find(|c| matches!(c, Class::Warn | Class::Action));
        if nearest == Some(&Class::Warn) || self.warned(found) {
            weighed.add(-60, "for those who did not ask for it");
            return false;
        }
        if before.contains(&Class::Utility) && !before.contains(&Class::Action) {
            weighed.add(-30, "the words before are about something else");
            return false;
        }
        if before.contains(&Class::Action) {
            weighed.add(if enter { 22 } else { 35 }, "the words before are about confirming");
            return true;
        }
        if before.contains(&Class::Enter) && self.topic.expiry {
            weighed.add(if enter { 12 } else { 28 }, "the words before are about signing in, for a while");
            return true;
        }
        if before.contains(&Class::Enter) && SURE_PATHS.iter().any(|p| found.href.contains(p)) {
            weighed.add(26, "the words before are about signing in");
            return true;
        }
        enter && (self.topic.expiry || self.topic.action)
    }

    /// Whether its own sentence is for people who did not request it.
    fn warned(&self, found: &Found<'_>) -> bool {
        let line = &self.lines[found.line];
        line.hits.iter().filter(|h| h.class == Class::Warn).any(|h| {
            let between = if h.range.end <= found.at {
                line.text.get(h.range.end..found.at)
            } else {
                line.text.get(found.end..h.range.start)
            };
            between.is_some_and(|text| !sentence_end(text))
        })
    }

    /// Returns the words before it on its line and of the lines before, nearest first.
    fn before<'a>(&'a self, found: &'a Found<'_>) -> impl Iterator<Item = Class> + 'a {
        let line = &self.lines[found.line];
        let here = line.hits.iter().rev().filter(|h| h.range.end <= found.at);
        let urls = |l: &Line| !web(&l.text).is_empty() || !l.anchors.is_empty();
        let own = head(&line.text, found.at).chars().filter(|c| c.is_alphabetic()).count();
        let above = if own > 12 { 0 } else { 3 };
        let lines =
            self.lines[..found.line].iter().rev().take_while(move |l| l.part == line.part && !urls(l)).take(above);
        here.chain(lines.flat_map(|l| l.hits.iter().rev())).map(|h| h.class)
    }

    fn limits(&self, weighed: &mut Weighed, found: &Found<'_>, url: &Url, target: &Target) {
        let line = &self.lines[found.line];
        if !target.opaque && !has_token(&target.url) {
            weighed.limit(40, "carries nothing that is the receiver's own");
        }
        if line.quoted {
            weighed.limit(48, "quoted or forwarded");
        }
        if let Some(why) = self.people.other(found.line, found.at, line) {
            weighed.limit(48, why);
        }
        if !url.username().is_empty() || url.password().is_some() {
            weighed.limit(48, "hides its host behind a name");
        }
        if let Some(shown) = shown_host(found.text)
            && target.url.host_str().is_some_and(|host| !target.opaque && !same_site(host, &shown))
        {
            weighed.limit(48, "is shown with another host than it leads to");
        }
    }
}

/// Whether path or query carry something that was made for one recipient.
fn has_token(url: &Url) -> bool {
    let path = url.path_segments().into_iter().flatten().map(str::to_owned);
    let query =
        url.query_pairs().map(|(_, value)| value.into_owned()).filter(|v| !v.contains('@') && !v.starts_with("http"));
    let bare = url.query().filter(|q| !q.contains('=')).map(str::to_owned);
    let fragment = url.fragment().map(|f| f.rsplit(['=', '/']).next().unwrap_or(f).to_owned());
    path.chain(bare).chain(fragment).any(|p| opaque(&p, 8)) || query.into_iter().any(|v| opaque(&v, 4))
}

/// Whether a text is opaque: letters and digits mixed, or many of either, which nobody would choose as a name.
fn opaque(text: &str, least: usize) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let capitals = text.bytes().filter(u8::is_ascii_uppercase).count();
    let words = text
        .split(['-', '_', '.'])
        .filter(|w| w.bytes().all(|b| b.is_ascii_lowercase()))
        .map(str::len)
        .max()
        .unwrap_or(0);
    text.len() >= least
        && (digits >= 3
            || (digits >= 1 && text.len() >= 6 && capitals + digits >= 2)
            || (capitals >= 3 && text.len() >= 8)
            || words >= 20)
}

/// Returns the host that a link's text shows, if the text is an address.
fn shown_host(text: &str) -> Option<String> {
    let text = text.trim();
    let whole = if text.starts_with("http") { Url::parse(text) } else { Url::parse(&format!("https://{text}")) };
    let looks = !text.contains(char::is_whitespace) && text.contains('.') && !text.contains('@');
    whole.ok().filter(|_| looks)?.host_str().map(str::to_owned)
}

fn same_site(a: &str, b: &str) -> bool {
    let site =
        |host: &str| host.rmatch_indices('.').nth(1).map_or(host.to_owned(), |(at, _)| host[at + 1..].to_owned());
    site(a) == site(b)
}

/// Whether two links lead to the same place.
pub(super) fn same(a: &WeighedLink, b: &WeighedLink) -> bool {
    a.weighed.value == b.weighed.value || (!a.target.opaque && a.target.url == b.target.url) || shares_token(a, b)
}

/// Whether two links share a token: the text and the HTML part may wrap one link in two ways.
fn shares_token(a: &WeighedLink, b: &WeighedLink) -> bool {
    a.weighed.part != b.weighed.part && (a.target.opaque || b.target.opaque) && a.weighed.part != Part::Subject
}
