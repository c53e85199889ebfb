//! What a person can see of an element: style attributes and style sheets, as far as they hide or emphasise text.
//!
//! Sheets are read with simplecss. At-rules are ignored (a mail program may or may not follow them), and selectors are
//! used with up to two parts. This module must not know mail.

use simplecss::{AttributeOperator, DeclarationTokenizer, Element, PseudoClass, Rule, StyleSheet};

/// Limits on rules and on the ancestors that a selector looks at keep hostile sheets cheap.
const MOST_RULES: usize = 64;
const MOST_ANCESTORS: usize = 32;
const MOST_CSS: usize = 128 << 10;
const MATTERS: &[&str] = &[
    "display",
    "visibility",
    "opacity",
    "font-size",
    "font",
    "color",
    "background",
    "background-color",
    "max-height",
    "height",
    "max-width",
    "width",
    "overflow",
    "text-indent",
    "mso-hide",
    "position",
    "left",
    "top",
    "clip",
    "line-height",
];

/// How an element appears. Starts as a page does: dark on white.
#[derive(Clone, Debug)]
pub(super) struct Look {
    hidden: bool,
    invisible: bool,
    size: f32,
    color: Option<[u8; 3]>,
    ground: Option<[u8; 3]>,
    no_room: bool,
    clipped: bool,
    absolute: bool,
    far: bool,
}

impl Default for Look {
    fn default() -> Look {
        Look {
            hidden: false,
            invisible: false,
            size: 16.0,
            color: Some([0, 0, 0]),
            ground: Some([255, 255, 255]),
            no_room: false,
            clipped: false,
            absolute: false,
            far: false,
        }
    }
}

impl Look {
    /// Returns what a child begins with.
    pub(super) fn inherited(&self) -> Look {
        let hidden = self.hidden || (self.no_room && self.clipped) || (self.absolute && self.far);
        Look { hidden, no_room: false, clipped: false, absolute: false, far: false, ..self.clone() }
    }

    pub(super) fn hide(&mut self) {
        self.hidden = true;
    }

    /// Whether a person sees nothing of it.
    pub(super) fn hidden(&self) -> bool {
        let same = matches!((self.color, self.ground), (Some(a), Some(b)) if near(a, b));
        self.hidden
            || self.invisible
            || self.size < 2.0
            || same
            || (self.no_room && self.clipped)
            || (self.absolute && self.far)
    }

    /// Whether the text is set larger than the rest.
    pub(super) fn large(&self) -> bool {
        self.size >= 20.0
    }

    pub(super) fn inline(&mut self, style: &str) {
        for d in DeclarationTokenizer::from(super::super::lines::head(style, 4096)).take(100) {
            self.declare(d.name, d.value);
        }
    }

    pub(super) fn declare(&mut self, name: &str, value: &str) {
        let value = value.trim().trim_end_matches("!important").trim().to_ascii_lowercase();
        match name.to_ascii_lowercase().as_str() {
            "display" => self.hidden |= value == "none",
            "mso-hide" => {}
            "visibility" => self.invisible = matches!(value.as_str(), "hidden" | "collapse"),
            "opacity" => self.hidden |= value.parse::<f32>().is_ok_and(|v| v < 0.1),
            "font-size" => self.size = size(&value, self.size).unwrap_or(self.size),
            "font" => {
                let part = value.split_ascii_whitespace().find_map(|p| size(p.split('/').next()?, self.size));
                self.size = part.unwrap_or(self.size);
            }
            "color" => match value.as_str() {
                "transparent" => self.hidden = true,
                "inherit" | "initial" => {}
                _ => self.color = color(&value),
            },
            "background" | "background-color" => {
                let picture = value.contains("url(") || value.contains("gradient");
                if picture {
                    self.ground = None;
                } else if let Some(ground) = color(&value).or_else(|| value.split_ascii_whitespace().find_map(color)) {
                    self.ground = Some(ground);
                } else if !matches!(value.as_str(), "transparent" | "none" | "inherit" | "initial") {
                    self.ground = None;
                }
            }
            "max-height" | "height" | "max-width" | "width" => {
                self.no_room |= size(&value, 16.0).is_some_and(|v| v <= 1.0) && !value.ends_with('%') || value == "0%";
            }
            "overflow" => self.clipped |= matches!(value.as_str(), "hidden" | "clip"),
            "text-indent" => self.hidden |= size(&value, 16.0).is_some_and(|v| v < -500.0),
            "position" => self.absolute |= matches!(value.as_str(), "absolute" | "fixed"),
            "left" | "top" => self.far |= size(&value, 16.0).is_some_and(|v| v < -500.0),
            "clip" => self.far |= value.starts_with("rect(0"),
            _ => {}
        }
    }
}

/// Parses a length in pixels.
fn size(value: &str, parent: f32) -> Option<f32> {
    let end = value.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))).unwrap_or(value.len());
    let number: f32 = value[..end].parse().ok()?;
    match &value[end..] {
        "px" => Some(number),
        "" if number == 0.0 => Some(0.0),
        "pt" => Some(number * 4.0 / 3.0),
        "em" => Some(number * parent),
        "rem" => Some(number * 16.0),
        "%" => Some(number * parent / 100.0),
        _ => None,
    }
}

/// Parses a colour: those that text is hidden with. Other named colours only have to differ from them.
fn color(value: &str) -> Option<[u8; 3]> {
    let hex = |at: usize, len: usize| {
        let part = value.get(1 + at * len..1 + (at + 1) * len)?;
        u8::from_str_radix(part, 16).ok().map(|v| if len == 1 { v * 17 } else { v })
    };
    match (value.strip_prefix('#').map(str::len), value) {
        (Some(3 | 4), _) => Some([hex(0, 1)?, hex(1, 1)?, hex(2, 1)?]),
        (Some(6 | 8), _) => Some([hex(0, 2)?, hex(1, 2)?, hex(2, 2)?]),
        (_, "white") => Some([255; 3]),
        (_, "black") => Some([0; 3]),
        (_, "whitesmoke") => Some([245; 3]),
        (_, "snow" | "ivory" | "ghostwhite" | "floralwhite") => Some([253; 3]),
        (None, _) if value.starts_with("rgb") => {
            let mut parts = value[value.find('(')? + 1..].split([',', ' ', ')', '/']).filter(|p| !p.is_empty());
            let mut next = || parts.next()?.parse::<f32>().ok().map(|v| v.clamp(0.0, 255.0) as u8);
            Some([next()?, next()?, next()?])
        }
        _ => None,
    }
}

fn near(a: [u8; 3], b: [u8; 3]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.abs_diff(b) <= 6)
}

/// The rules in a page's style sheets that can hide or emphasise text.
pub(super) struct Sheet<'a> {
    rules: Vec<Rule<'a>>,
}

impl<'a> Sheet<'a> {
    /// Returns the text of all `<style>` elements.
    pub(super) fn css_of(html: &str) -> String {
        let mut css = String::new();
        let mut within = false;
        if !html.to_ascii_lowercase().contains("<style") {
            return css;
        }
        for token in super::tokens(html) {
            match token {
                html5gum::Token::StartTag(tag) => within = &**tag.name == b"style",
                html5gum::Token::EndTag(_) => within = false,
                html5gum::Token::String(text) if within => css.push_str(&super::lossy(&text.value)),
                _ => {}
            }
            if css.len() > MOST_CSS {
                break;
            }
        }
        super::super::lines::head(&css, MOST_CSS).replace("<!--", "").replace("-->", "")
    }

    pub(super) fn parse(css: &'a str) -> Sheet<'a> {
        let matters = |rule: &Rule<'_>| rule.declarations.iter().any(|d| MATTERS.contains(&d.name));
        let simple =
            |rule: &Rule<'_>| rule.selector.to_string().split([' ', '>', '+']).filter(|p| !p.is_empty()).count() <= 2;
        let rules = StyleSheet::parse(css).rules.into_iter().filter(matters).filter(simple).take(MOST_RULES).collect();
        Sheet { rules }
    }

    pub(super) fn apply<'o>(
        &self,
        look: &mut Look,
        name: &'o str,
        id: &'o str,
        classes: &'o [String],
        ancestors: impl Iterator<Item = (&'o str, &'o str, &'o [String])>,
    ) {
        if self.rules.is_empty() {
            return;
        }
        let chain: Vec<_> = std::iter::once((name, id, classes)).chain(ancestors.take(MOST_ANCESTORS)).collect();
        let mut matching: Vec<&Rule<'_>> =
            self.rules.iter().filter(|r| r.selector.matches(&At { chain: &chain })).collect();
        matching.sort_by_key(|r| r.selector.specificity());
        for d in matching.iter().flat_map(|r| &r.declarations) {
            look.declare(d.name, d.value);
        }
    }
}

/// An element and its ancestors, innermost first: name, id, classes.
struct At<'o, 'c> {
    chain: &'c [(&'o str, &'o str, &'o [String])],
}

impl Element for At<'_, '_> {
    fn parent_element(&self) -> Option<Self> {
        (self.chain.len() > 1).then(|| At { chain: &self.chain[1..] })
    }

    fn prev_sibling_element(&self) -> Option<Self> {
        None
    }

    fn has_local_name(&self, name: &str) -> bool {
        self.chain[0].0.eq_ignore_ascii_case(name)
    }

    fn attribute_matches(&self, name: &str, operator: AttributeOperator<'_>) -> bool {
        match name {
            "id" => operator.matches(self.chain[0].1),
            "class" => operator.matches(&self.chain[0].2.join(" ")),
            _ => false,
        }
    }

    fn pseudo_class_matches(&self, _: PseudoClass<'_>) -> bool {
        false
    }
}
