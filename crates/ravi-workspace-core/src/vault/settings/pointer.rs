//! JSON pointers (RFC 6901), and patterns: pointers in which `*` stands for every member.

use std::fmt;
use std::str::FromStr;

/// The position of one value in a JSON document.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointer(Vec<String>);

impl Pointer {
    /// Parses the text form: empty, or `/` before each segment, with `~1` for `/` and `~0` for `~`.
    pub fn parse(text: &str) -> Result<Pointer, PointerError> {
        if text.is_empty() {
            return Ok(Pointer::default());
        }
        let segments = text.strip_prefix('/').ok_or(PointerError::Start)?;
        segments.split('/').map(unescape).collect::<Result<_, _>>().map(Pointer)
    }

    /// The decoded segments, outermost first.
    pub fn segments(&self) -> &[String] {
        &self.0
    }

    /// This pointer, one level deeper.
    pub(crate) fn join(&self, segment: &str) -> Pointer {
        Pointer(self.0.iter().cloned().chain([segment.to_owned()]).collect())
    }
}

/// Decodes a segment, in which `~` must be followed by `0` or `1`.
fn unescape(segment: &str) -> Result<String, PointerError> {
    let mut parts = segment.split('~');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_at_checked(1) {
            Some(("0", rest)) => out.extend(["~", rest]),
            Some(("1", rest)) => out.extend(["/", rest]),
            _ => return Err(PointerError::Escape),
        }
    }
    Ok(out)
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|segment| write!(f, "/{}", segment.replace('~', "~0").replace('/', "~1")))
    }
}

impl FromStr for Pointer {
    type Err = PointerError;

    fn from_str(text: &str) -> Result<Pointer, PointerError> {
        Pointer::parse(text)
    }
}

/// Text that is not a JSON pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PointerError {
    /// It does not begin with a slash.
    #[error("a JSON pointer begins with /")]
    Start,
    /// A `~` on its own.
    #[error("in a JSON pointer ~ is written ~0 and / inside a key is written ~1")]
    Escape,
}

/// One level of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The member of this name, or of this index.
    Member(String),
    /// Every member.
    Any,
}

/// The steps of a pattern. An object's key that is itself `*` can only be reached by a concrete [`Pointer`].
pub fn pattern(text: &str) -> Result<Vec<Step>, PointerError> {
    let step = |segment: &String| if segment == "*" { Step::Any } else { Step::Member(segment.clone()) };
    Ok(Pointer::parse(text)?.segments().iter().map(step).collect())
}

/// The steps to exactly one value.
pub(super) fn concrete(pointer: &Pointer) -> Vec<Step> {
    pointer.segments().iter().cloned().map(Step::Member).collect()
}
