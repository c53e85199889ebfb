//! How a list is returned: as a bare array, which every client of Ravi understands, or in the pages of Django REST
//! framework if that is switched on. This module knows no resource.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Serialize;

use super::App;
use super::body::Query;
use super::problem::Problem;

/// How many items a page has if lists are paged and the request gives no limit. Few, so that every test has several
/// pages.
const SMALL_PAGE: i64 = 2;
/// How many items the longest page has.
const LONGEST_PAGE: i64 = 200;
/// Another name of the server, for links that name it.
const FOREIGN: &str = "https://api.ravi.app";

/// A list as it is sent.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum List<T> {
    Bare(Vec<T>),
    Page { count: i64, next: Option<String>, previous: Option<String>, results: Vec<T> },
}

/// What a handler of a list returns.
pub(super) type Listed<T> = Result<Json<List<T>>, Problem>;

/// How to return this request's list.
pub(super) struct Lists {
    paged: bool,
    /// The address of the list, for links.
    address: String,
    query: Query,
}

impl FromRequestParts<Arc<App>> for Lists {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Lists, Infallible> {
        let limits = app.limits();
        let server = if limits.foreign_next { FOREIGN } else { &app.base_url };
        let query = Query::parse(parts.uri.query().unwrap_or(""));
        Ok(Lists { paged: limits.paged, address: format!("{server}{}", parts.uri.path()), query })
    }
}

/// The part of a list that was requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) limit: i64,
    pub(super) offset: i64,
}

impl Lists {
    /// Returns the part chosen by `limit` and `offset` or by `page`, of `usual` items if no limit is given.
    pub(super) fn window(&self, usual: i64) -> Window {
        let usual = if self.paged { SMALL_PAGE } else { usual };
        let named = self.query.number("limit").filter(|limit| *limit > 0).map(|limit| limit.min(LONGEST_PAGE));
        let limit = named.unwrap_or(usual);
        let first = self.query.number("page").map(|page| page.saturating_sub(1).saturating_mul(limit));
        Window { limit, offset: self.query.number("offset").or(first).unwrap_or(0) }
    }

    /// Returns all of `items`, whatever part is requested, unless lists are paged.
    pub(super) fn whole<T>(&self, items: Vec<T>) -> Json<List<T>> {
        if self.paged { self.cut(items) } else { Json(List::Bare(items)) }
    }

    /// Returns the requested part of `items`.
    pub(super) fn cut<T>(&self, items: Vec<T>) -> Json<List<T>> {
        let (window, count) = (self.window(i64::MAX), items.len());
        let number = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
        let items = items.into_iter().skip(number(window.offset)).take(number(window.limit)).collect();
        self.part(window, i64::try_from(count).unwrap_or(i64::MAX), items)
    }

    /// Returns `items`, which are the part `window` of a list of `count`.
    pub(super) fn part<T>(&self, window: Window, count: i64, items: Vec<T>) -> Json<List<T>> {
        if !self.paged {
            return Json(List::Bare(items));
        }
        let Window { limit, offset } = window;
        let link =
            |offset: i64| format!("{}?{}", self.address, self.query.with(&[("limit", limit), ("offset", offset)]));
        let next = Some(offset.saturating_add(limit)).filter(|next| *next < count);
        let previous = (offset > 0).then(|| (offset - limit).max(0));
        Json(List::Page { count, next: next.map(link), previous: previous.map(link), results: items })
    }
}
