//! The lines of an HTML part as a person would see them: text, what is emphasised, links, what is quoted.
//!
//! Tokenised by html5gum, with a plain stack of open elements instead of a tree, because a browser's tree building
//! takes quadratic time on hostile nesting. This module must not know what a code is.

mod style;

use html5gum::{DefaultEmitter, StartTag, StringReader, Token, Tokenizer};

use super::lines::{Anchor, Line, Part};
use style::{Look, Sheet};

/// How much HTML is read; inline pictures count.
const MOST_HTML: usize = 2 << 20;
/// How much visible text is kept.
const MOST_TEXT: usize = 256 << 10;
/// How many open elements are remembered; deeper ones count as their innermost remembered parent.
const MOST_DEPTH: usize = 256;
/// How many elements style sheets are applied to.
const MOST_STYLED: usize = 5_000;
/// How many links are kept.
const MOST_LINKS: usize = 400;

/// Returns the visible lines of `html`.
pub(super) fn lines(html: &str) -> Vec<Line> {
    let html = super::lines::head(html, MOST_HTML);
    let css = Sheet::css_of(html);
    let sheet = Sheet::parse(&css);
    let mut page = Page::new(&sheet);
    for token in tokens(html) {
        if page.full() {
            break;
        }
        match token {
            Token::StartTag(tag) => page.open(tag),
            Token::EndTag(tag) => page.close(&lossy(&tag.name)),
            Token::String(text) => page.text(&lossy(&text.value)),
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    page.end()
}

/// Returns the visible text of `html`, plainly laid out: quoted lines begin with `> `, and a link is followed by its
/// number in the list of addresses at the end.
///
/// Takes time in proportion to its length.
pub fn text(html: &str) -> String {
    let (mut text, mut links) = (String::new(), Vec::new());
    for line in lines(html) {
        if line.quoted {
            text.push_str("> ");
        }
        let mut shown = 0;
        for Anchor { href, range, .. } in &line.anchors {
            let end = range.end.min(line.text.len());
            let is_address = ["http://", "https://", "mailto:", "tel:"].iter().any(|scheme| href.starts_with(scheme));
            if end < shown || !is_address || line.text.contains(href.as_str()) {
                continue;
            }
            links.push(href.clone());
            text.push_str(&line.text[shown..end]);
            text.push_str(&format!(" [{}]", links.len()));
            shown = end;
        }
        text.push_str(&line.text[shown..]);
        text.push('\n');
    }
    for (at, href) in links.iter().enumerate() {
        text.push_str(&format!("\n[{}]: {href}", at + 1));
    }
    text.trim_end().to_owned()
}

fn tokens(html: &str) -> impl Iterator<Item = Token<()>> + '_ {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let tokens: Tokenizer<StringReader<'_>, DefaultEmitter<()>> = Tokenizer::new_with_emitter(html, emitter);
    tokens.map_while(Result::ok)
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// An open element.
struct Open {
    name: String,
    id: String,
    classes: Vec<String>,
    look: Look,
    quote: bool,
    strong: bool,
    link: Option<usize>,
}

struct Page<'s> {
    sheet: &'s Sheet<'s>,
    open: Vec<Open>,
    /// How many elements were opened beyond [`MOST_DEPTH`].
    deeper: usize,
    lines: Vec<Line>,
    line: Line,
    size: usize,
    links: usize,
    elements: usize,
    /// The element we are in if it is never shown: `<title>`, `<style>` and the like.
    unseen: Option<String>,
}

impl<'s> Page<'s> {
    fn new(sheet: &'s Sheet<'s>) -> Page<'s> {
        let line = Line::new(Part::Html);
        Page {
            sheet,
            open: Vec::new(),
            deeper: 0,
            lines: Vec::new(),
            line,
            size: 0,
            links: 0,
            elements: 0,
            unseen: None,
        }
    }

    fn full(&self) -> bool {
        self.size > MOST_TEXT
    }

    fn open(&mut self, tag: StartTag<()>) {
        let name = lossy(&tag.name);
        if self.unseen.is_some() {
            return;
        }
        if is_block(&name) {
            self.break_line();
        }
        match name.as_str() {
            "td" | "th" => self.line.cell(),
            "script" | "style" | "title" | "template" | "noscript" | "head" | "textarea" | "select" | "object"
            | "svg" | "iframe" | "noembed" | "noframes" => {
                if name != "head" && !tag.self_closing {
                    self.unseen = Some(name);
                }
                return;
            }
            _ => {}
        }
        let value = |key: &str| tag.attributes.get(key.as_bytes()).map(|v| lossy(v));
        if name == "input" {
            self.input(value("type"), value("value"));
        }
        if is_void(&name) {
            return;
        }
        if self.open.len() >= MOST_DEPTH {
            self.deeper += 1;
            return;
        }
        let element = self.element(name, &value);
        self.open.push(element);
    }

    fn element(&mut self, name: String, value: &dyn Fn(&str) -> Option<String>) -> Open {
        let parent = self.open.last();
        let classes: Vec<String> =
            value("class").unwrap_or_default().split_ascii_whitespace().take(20).map(str::to_owned).collect();
        let id = value("id").unwrap_or_default();
        let mut look = parent.map_or_else(Look::default, |p| p.look.inherited());
        let ancestors = self.open.iter().rev().map(|o| (o.name.as_str(), o.id.as_str(), o.classes.as_slice()));
        self.elements += 1;
        if self.elements <= MOST_STYLED {
            self.sheet.apply(&mut look, &name, &id, &classes, ancestors);
        }
        if let Some(color) = value("bgcolor") {
            look.declare("background-color", &color);
        }
        if let Some(color) = value("color") {
            look.declare("color", &color);
        }
        look.inline(&value("style").unwrap_or_default());
        if value("hidden").is_some() {
            look.hide();
        }
        let quote = parent.is_some_and(|p| p.quote) || name == "blockquote" || classes.iter().any(|c| is_quote(c));
        let strong = parent.is_some_and(|p| p.strong)
            || matches!(name.as_str(), "b" | "strong" | "h1" | "h2" | "h3" | "code" | "kbd" | "samp" | "mark")
            || look.large();
        let link = match (name.as_str(), value("href")) {
            ("a", Some(href)) => self.anchor(href, look.hidden()),
            _ => parent.and_then(|p| p.link),
        };
        Open { name, id, classes, look, quote, strong, link }
    }

    /// Reads an input: a code may be shown in a read-only field.
    fn input(&mut self, kind: Option<String>, value: Option<String>) {
        let shown = matches!(kind.as_deref(), None | Some("text" | "number" | "tel"));
        if let (true, Some(value)) = (shown, value) {
            self.text(&format!(" {value} "));
        }
    }

    fn anchor(&mut self, href: String, hidden: bool) -> Option<usize> {
        if hidden || self.links >= MOST_LINKS || href.len() > 8192 {
            return None;
        }
        self.links += 1;
        let at = self.line.text.len();
        self.line.anchors.push(Anchor { href: href.trim().to_owned(), range: at..at, text: String::new() });
        Some(self.lines.len())
    }

    fn close(&mut self, name: &str) {
        if let Some(unseen) = &self.unseen {
            if unseen == name {
                self.unseen = None;
            }
            return;
        }
        if is_block(name) {
            self.break_line();
        }
        if self.deeper > 0 {
            self.deeper -= 1;
            return;
        }
        // A close tag that matches nothing nearby is noise, as in browsers; a cell is never closed from within a table
        // inside it.
        let Some(at) = self.open.iter().rposition(|o| o.name == name) else { return };
        self.open.truncate(at);
    }

    fn text(&mut self, text: &str) {
        if self.unseen.is_some() || self.open.last().is_some_and(|o| o.look.hidden()) {
            return;
        }
        let (quote, strong, link) = self.open.last().map_or((false, false, None), |o| (o.quote, o.strong, o.link));
        self.line.quoted |= quote;
        self.size += text.len();
        let keep = self.open.iter().any(|o| o.name == "pre");
        if keep {
            for (nth, row) in text.split('\n').enumerate() {
                if nth > 0 {
                    self.break_line();
                }
                self.line.push(row, strong);
            }
        } else {
            self.line.push(text, strong);
        }
        if let Some(line) = link {
            let anchor = match self.lines.get_mut(line) {
                Some(line) => line.anchors.last_mut(),
                None => self.line.anchors.last_mut(),
            };
            if let Some(anchor) = anchor.filter(|a| a.text.len() < 300) {
                anchor.text.push_str(text);
            }
            if line == self.lines.len()
                && let Some(anchor) = self.line.anchors.last_mut()
            {
                anchor.range.end = self.line.text.len();
            }
        }
    }

    fn break_line(&mut self) {
        let quote = self.open.last().is_some_and(|o| o.quote);
        if self.line.is_empty() {
            self.line.quoted = quote;
            return;
        }
        let line = std::mem::replace(&mut self.line, Line::new(Part::Html));
        self.line.quoted = quote;
        self.lines.push(line.finished());
    }

    fn end(mut self) -> Vec<Line> {
        self.break_line();
        self.lines
    }
}

fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "body"
            | "br"
            | "center"
            | "dd"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hr"
            | "li"
            | "main"
            | "nav"
            | "ol"
            | "p"
            | "pre"
            | "section"
            | "table"
            | "tbody"
            | "tfoot"
            | "thead"
            | "tr"
            | "ul"
    )
}

/// Whether a class is one that mail programs give to quotations.
fn is_quote(class: &str) -> bool {
    ["gmail_quote", "moz-cite-prefix", "yahoo_quoted", "protonmail_quote", "OutlookMessageHeader", "zmail_extra"]
        .contains(&class)
}
