//! Lists, in both shapes of the API: a bare array, and pages of `{"results": […], "next": url}`.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::call::Call;
use super::error::ApiError;
use super::http::{Caller, decode};

/// Most pages of one list that are fetched. A longer list is an error: a truncated one would be taken for the whole.
const MOST_PAGES: usize = 200;

impl Caller<'_> {
    /// Fetches all items of a list, from every page.
    pub(super) async fn list<T: serde::de::DeserializeOwned>(self, call: Call<'_>) -> Result<Vec<T>, ApiError> {
        let mut items = Vec::new();
        let take = |endpoint, body: &[u8]| {
            let page: Page<T> = decode(endpoint, body)?;
            items.extend(page.items);
            Ok(page.next)
        };
        self.pages(&call, take, MOST_PAGES).await?;
        Ok(items)
    }

    /// Fetches the items of one page, for a caller that chose which.
    pub(super) async fn page<T: serde::de::DeserializeOwned>(self, call: Call<'_>) -> Result<Vec<T>, ApiError> {
        Ok(self.fetch::<Page<T>>(call).await?.items)
    }
}

/// One page, or a whole list.
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<String>,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Page<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PageVisitor(PhantomData))
    }
}

/// Reads straight from the stream: going through an untyped value would copy secrets into unprotected memory.
struct PageVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for PageVisitor<T> {
    type Value = Page<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list, or an object with results")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Page<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = rows.next_element()? {
            items.push(item);
        }
        Ok(Page { items, next: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Page<T>, A::Error> {
        let mut items = None;
        let mut next = None;
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "results" | "events" => items = Some(map.next_value::<Vec<T>>()?),
                "next" => next = map.next_value::<Option<String>>()?.and_then(super::lenient::filled),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Page { items: items.ok_or_else(|| A::Error::missing_field("results"))?, next })
    }
}
