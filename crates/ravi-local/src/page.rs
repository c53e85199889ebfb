//! Keeping web pages out.
//!
//! A browser lets every page send requests to servers on the loopback address, and a page can make its own name point
//! there (DNS rebinding) and read the answer, such as a management key. Two things give such a request away: the name
//! in it, which is not a loopback name, and the page's origin, which is not the server's. Programs send no origin.

use axum::http::{HeaderMap, Uri, header};

use super::problem::Problem;

/// Refuses a request that a web page may have made. `hosts` are further names that lead here.
pub(super) fn refuse(uri: &Uri, headers: &HeaderMap, hosts: &[String]) -> Result<(), Problem> {
    let mut named = headers.get_all(header::HOST).into_iter();
    let (Some(host), None) = (named.next().and_then(|host| host.to_str().ok()), named.next()) else {
        return Err(Problem::Forbidden("This server only answers requests that name it once."));
    };
    let asked = uri.authority().map(|authority| authority.as_str());
    if ![Some(host), asked].into_iter().flatten().all(|authority| leads_here(authority, hosts)) {
        return Err(Problem::Forbidden("This server does not answer to that name; see --allow-host."));
    }
    let foreign = |origin: &str| {
        let page = origin.split_once("://").map(|(_, page)| page);
        page.is_none_or(|page| page != host && !is_allowed(page, hosts))
    };
    let origins = headers.get_all(header::ORIGIN).into_iter();
    match origins.map(|origin| origin.to_str().unwrap_or_default()).any(foreign) {
        true => Err(Problem::Forbidden("This server does not answer web pages; see --allow-host.")),
        false => Ok(()),
    }
}

fn leads_here(authority: &str, hosts: &[String]) -> bool {
    let name = name(authority);
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(&name);
    let is_loopback = address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    // No name server is asked for these (RFC 6761, 6.3).
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    is_loopback || name == "localhost" || plain && name.ends_with(".localhost") || is_allowed(authority, hosts)
}

fn is_allowed(authority: &str, hosts: &[String]) -> bool {
    let name = name(authority);
    hosts.iter().any(|host| host.eq_ignore_ascii_case(&name) || host.eq_ignore_ascii_case(authority))
}

/// Returns the name without the port.
fn name(authority: &str) -> String {
    let port = authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    port.map_or(authority, |(name, _)| name).trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        origin.into_iter().for_each(|origin| drop(headers.insert(header::ORIGIN, origin.parse().unwrap())));
        refuse(&Uri::from_static("/api/"), &headers, &["ravi.lan".to_owned()]).is_ok()
    }

    #[test]
    fn only_loopback_names_are_answered_and_no_page_of_another_origin() {
        let here =
            ["127.0.0.1:80", "127.0.0.1", "localhost:1", "LOCALHOST.", "[::1]:80", "a.localhost:1", "ravi.lan:80"];
        for host in here {
            assert!(answers(host, None), "{host}");
        }
        let elsewhere =
            ["evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", "", "10.0.0.1", "0.0.0.0:80"];
        for host in elsewhere.into_iter().chain(["evil.example#.localhost", "evil.example/.localhost", "e\\.localhost"])
        {
            assert!(!answers(host, None), "{host}");
        }
        assert!(answers("127.0.0.1:80", Some("http://127.0.0.1:80")));
        assert!(answers("127.0.0.1:80", Some("https://ravi.lan")));
        for origin in ["https://evil.example", "null", "http://127.0.0.1:81", "http://localhost:80", "file://", ""] {
            assert!(!answers("127.0.0.1:80", Some(origin)), "{origin}");
        }
        assert!(refuse(&Uri::from_static("/api/"), &HeaderMap::new(), &[]).is_err(), "nobody named");
    }
}
