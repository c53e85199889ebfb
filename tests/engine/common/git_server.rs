//! A git server as GitHub is one: smart HTTP, and a token as the password of Basic auth.
//!
//! The git side is git's own `http-backend`; who pushed what with which token is written down.
#![allow(dead_code)] // each test file uses a part of it

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, Response, StatusCode};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::Bed;

/// A request that a token was sent with.
#[derive(Debug, Clone)]
pub struct Seen {
    pub token: String,
    pub accepted: bool,
    /// What was sent, as text; names of refs are in the clear in it.
    pub body: String,
}

#[derive(Default)]
struct Desk {
    root: PathBuf,
    tokens: Mutex<HashSet<String>>,
    seen: Mutex<Vec<Seen>>,
}

pub struct GitServer {
    pub port: u16,
    desk: Arc<Desk>,
}

impl GitServer {
    /// A person's repository, and a server that has it as `project.git`, the repository's `origin`.
    pub async fn project(bed: &Bed) -> (PathBuf, GitServer) {
        let repository = bed.repository("repo");
        let remote = bed.path("remotes/project.git");
        bed.git(&repository, &["clone", "--quiet", "--bare", ".", remote.to_str().expect("text")]);
        let server = GitServer::start(&bed.path("remotes")).await;
        bed.git(&repository, &["remote", "add", "origin", &server.url("project.git")]);
        (repository, server)
    }

    /// Serves the repositories below `root`.
    pub async fn start(root: &Path) -> GitServer {
        let desk = Arc::new(Desk { root: root.to_owned(), ..Desk::default() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let router = Router::new().fallback(serve).with_state(desk.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        GitServer { port, desk }
    }

    pub fn url(&self, repository: &str) -> String {
        format!("http://127.0.0.1:{}/{repository}", self.port)
    }

    /// The host as the configuration names it.
    pub fn host(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn accept(&self, token: &str) {
        self.desk.tokens.lock().expect("whole").insert(token.to_owned());
    }

    pub fn revoke(&self, token: &str) {
        self.desk.tokens.lock().expect("whole").remove(token);
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.desk.seen.lock().expect("whole").clone()
    }

    /// Author of what was pushed as this branch of `project.git`.
    pub fn author(&self, branch: &str) -> String {
        let mut git = std::process::Command::new("git");
        git.current_dir(self.desk.root.join("project.git")).args(["log", "-1", "--format=%an <%ae>", branch]);
        String::from_utf8(git.output().expect("git starts").stdout).expect("text").trim().to_owned()
    }

    /// Tokens that refs with this name were pushed with.
    pub fn pushed_with(&self, name: &str) -> HashSet<String> {
        let name = format!("refs/heads/{name}\0");
        self.seen().into_iter().filter(|s| s.accepted && s.body.contains(&name)).map(|s| s.token).collect()
    }
}

async fn serve(State(desk): State<Arc<Desk>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 64 * 1024 * 1024).await.expect("a body");
    let token = token(&parts.headers);
    let accepted = token.as_ref().is_some_and(|token| desk.tokens.lock().expect("whole").contains(token));
    if let Some(token) = &token {
        let body = String::from_utf8_lossy(&body).into_owned();
        desk.seen.lock().expect("whole").push(Seen { token: token.clone(), accepted, body });
    }
    if !accepted {
        let refused = Response::builder().status(StatusCode::UNAUTHORIZED);
        return refused.header(WWW_AUTHENTICATE, "Basic realm=\"made-up\"").body(Body::empty()).expect("a response");
    }
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut backend = Command::new("git");
    backend.arg("http-backend").env("GIT_PROJECT_ROOT", &desk.root).env("GIT_HTTP_EXPORT_ALL", "1");
    backend.env("REQUEST_METHOD", parts.method.as_str()).env("PATH_INFO", parts.uri.path());
    backend.env("QUERY_STRING", parts.uri.query().unwrap_or_default()).env("REMOTE_USER", "agent");
    backend.env("CONTENT_TYPE", header(CONTENT_TYPE)).env("CONTENT_LENGTH", body.len().to_string());
    backend.env("HTTP_CONTENT_ENCODING", header(CONTENT_ENCODING)).env("REMOTE_ADDR", "127.0.0.1");
    answer(backend, body).await
}

fn token(headers: &HeaderMap) -> Option<String> {
    let encoded = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let text = String::from_utf8(decode(encoded)).ok()?;
    let (user, token) = text.split_once(':')?;
    // Nobody: git is told to give an empty name where curl would look for another one.
    if (user, token) == ("", "") {
        return None;
    }
    let is_agent = user == "x-access-token";
    Some(if is_agent { token.to_owned() } else { format!("{user}:{token}") })
}

/// Base64 (RFC 4648).
fn decode(text: &str) -> Vec<u8> {
    let value = |c| b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".iter().position(|x| *x == c);
    let (mut bits, mut count, mut bytes) = (0u32, 0, Vec::new());
    for digit in text.bytes().filter_map(value) {
        bits = bits << 6 | digit as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}

/// Runs the backend and turns what it says (CGI, RFC 3875) into a response.
async fn answer(mut backend: Command, body: Bytes) -> Response<Body> {
    backend.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = backend.spawn().expect("git http-backend starts");
    let mut input = child.stdin.take().expect("its input");
    let writer = tokio::spawn(async move { input.write_all(&body).await });
    let output = child.wait_with_output().await.expect("it ends");
    // It need not read everything.
    let _ = writer.await;
    let end = output.stdout.windows(4).position(|w| w == b"\r\n\r\n").expect("headers end");
    let mut response = Response::builder();
    for line in String::from_utf8_lossy(&output.stdout[..end]).lines() {
        let (name, value) = line.split_once(": ").expect("a header");
        response = match name {
            "Status" => response.status(value[..3].parse::<u16>().expect("a status")),
            _ => response.header(name, value),
        };
    }
    response.body(Body::from(output.stdout[end + 4..].to_vec())).expect("a response")
}
