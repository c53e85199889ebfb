//! The real Codex, with a token server on loopback that rotates and refuses what was used before.
//!
//! Skipped, with the reason printed, where Codex is not installed (`scripts/setup test`).

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use ravi_workspace_core::codex::{AuthStatus, CodexEvent, CodexHealth, CodexOptions};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::codex_common::{ACCOUNT, Machine, Watcher, access_token, api_key, chatgpt, id_token, refresh_token, until};
use crate::codex_threads::{AppServer, installed};
use crate::common::Bed;

/// What the token server was asked.
#[derive(Default)]
struct Asked {
    refreshes: u64,
    reused: u64,
}

#[derive(Clone, Default)]
struct Tokens(Arc<Mutex<Asked>>);

impl Tokens {
    fn current(&self) -> String {
        format!("rt-made-up-{}", self.0.lock().expect("whole").refreshes)
    }

    fn reused(&self) -> u64 {
        self.0.lock().expect("whole").reused
    }

    fn refreshes(&self) -> u64 {
        self.0.lock().expect("whole").refreshes
    }
}

impl Respond for Tokens {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        if body["refresh_token"] != self.current() {
            self.0.lock().expect("whole").reused += 1;
            let error = json!({ "error": { "code": "refresh_token_reused", "message": "already used" } });
            return ResponseTemplate::new(401).set_body_json(error);
        }
        self.0.lock().expect("whole").refreshes += 1;
        let next = self.current();
        let tokens =
            json!({ "id_token": id_token(ACCOUNT), "access_token": access_token(&next), "refresh_token": next });
        ResponseTemplate::new(200).set_body_json(tokens)
    }
}

/// Codex's token server.
struct OpenAi {
    server: MockServer,
    tokens: Tokens,
}

impl OpenAi {
    async fn start() -> OpenAi {
        let (server, tokens) = (MockServer::start().await, Tokens::default());
        Mock::given(method("POST")).and(path("/oauth/token")).respond_with(tokens.clone()).mount(&server).await;
        OpenAi { server, tokens }
    }

    fn app_server(&self, codex: &Path, bed: &Bed, machine: &Machine) -> AppServer {
        let url = format!("{}/oauth/token", self.server.uri());
        AppServer::start_in(codex, bed, &machine.home, &[("CODEX_REFRESH_TOKEN_URL_OVERRIDE", url.as_str())])
    }
}

fn auth_status(server: &mut AppServer, refresh: bool) -> Value {
    server.call("getAuthStatus", json!({ "includeToken": true, "refreshToken": refresh }))
}

fn login_status(codex: &Path, machine: &Machine) -> (Option<i32>, String) {
    let output =
        Command::new(codex).args(["login", "status"]).env("CODEX_HOME", &machine.home).output().expect("it runs");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_refreshes_are_stored_handed_over_and_adopted() {
    let Some(codex) = installed() else { return };
    let (bed, openai) = (Bed::new().await, OpenAi::start().await);
    let (one, two) = (Machine::new(&bed, "one"), Machine::new(&bed, "two"));
    one.put(&chatgpt(ACCOUNT, "rt-made-up-0"));
    let watcher = Watcher::start(one.ravi(&bed), one.options()).watching().await;
    let mut server = openai.app_server(&codex, &bed, &one);
    for refresh in 1..=50u64 {
        let status = auth_status(&mut server, true);
        assert_eq!((&status["authMethod"], openai.tokens.refreshes()), (&json!("chatgpt"), refresh));
        assert_eq!(status["authToken"], access_token(&openai.tokens.current()));
        if refresh % 10 == 0 {
            until("the newest one is stored", async || one.stored_token(&bed).await == openai.tokens.current()).await;
        }
    }
    assert_eq!((refresh_token(&one.text()), openai.tokens.reused()), ("rt-made-up-50".to_owned(), 0));
    // Handed over, it works at the other machine.
    let options = CodexOptions { take_over: true, ..two.options() };
    two.ravi(&bed).codex().restore(&options).await.expect("handed over");
    watcher.end().await.expect("it ends well");
    let (code, said) = login_status(&codex, &two);
    assert!(code == Some(0) && said.ends_with("Logged in using ChatGPT\n"), "{said}");
    let second = Watcher::start(two.ravi(&bed), two.options()).watching().await;
    let mut elsewhere = openai.app_server(&codex, &bed, &two);
    let alive = auth_status(&mut elsewhere, false);
    assert_eq!((&alive["authMethod"], &alive["authToken"]), (&json!("chatgpt"), &json!(access_token("rt-made-up-50"))));
    auth_status(&mut elsewhere, true);
    let reported = AuthStatus::from_json(&alive.to_string()).expect("a reply");
    let status = two.ravi(&bed).codex().status(&two.options(), Some(&reported)).await.expect("known");
    assert_eq!(status.health, CodexHealth::Alive);
    assert!(!format!("{reported:?}").contains("ey"), "no token in it");
    drop(elsewhere);
    // And back. The app-server that ran all the time takes the file that it did not write, without a refresh.
    let restored =
        one.ravi(&bed).codex().restore(&CodexOptions { take_over: true, ..one.options() }).await.expect("back");
    assert!(restored.changed);
    second.end().await.expect("it ends well");
    let adopted = auth_status(&mut server, true);
    assert_eq!(adopted["authToken"], access_token("rt-made-up-51"));
    assert_eq!((openai.tokens.refreshes(), openai.tokens.reused()), (51, 0));
    println!("51 refreshes, {} reused", openai.tokens.reused());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_login_is_told_by_what_codex_reports() {
    let Some(codex) = installed() else { return };
    let (bed, openai) = (Bed::new().await, OpenAi::start().await);
    let (one, copy) = (Machine::new(&bed, "one"), Machine::new(&bed, "copy"));
    let login = chatgpt(ACCOUNT, "rt-made-up-0");
    one.put(&login);
    copy.put(&login);
    let watcher = Watcher::start(one.ravi(&bed), one.options()).watching().await;
    auth_status(&mut openai.app_server(&codex, &bed, &one), true);
    until("it is stored", async || watcher.told(|event| matches!(event, CodexEvent::Pushed { .. }))).await;
    // What happens without custody: the copy is dead, and `login status` does not notice.
    let mut second = openai.app_server(&codex, &bed, &copy);
    auth_status(&mut second, true);
    let reply = auth_status(&mut second, false);
    assert_eq!((&reply["authToken"], openai.tokens.reused()), (&json!(null), 1));
    assert_eq!(login_status(&codex, &copy).0, Some(0));
    let whole = json!({ "id": 3, "result": reply }).to_string();
    let status = copy.run_with(&bed, &["codex", "status", "--reported-stdin", "--json"], &whole).ok().json();
    assert_eq!((&status["health"], &status["state"]), (&json!("dead"), &json!("vault_newer")));
    let none = copy.run_with(&bed, &["codex", "status", "--reported-stdin", "--json"], "{}");
    assert_eq!((none.code, none.error_code().as_str()), (2, "codex.auth_status"));
    watcher.stop().await.expect("it ends well");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_key_of_the_vault_signs_codex_in() {
    let Some(codex) = installed() else { return };
    let bed = Bed::new().await;
    let one = Machine::new(&bed, "one");
    one.store_key(&bed, "OPENAI_API_KEY", "sk-proj-made-up-1234567890ABCDE").await;
    let program = codex.to_str().expect("text");
    let signed = one.codex(&bed, &["sign-in", "--api-key", "OPENAI_API_KEY", "--codex", program]).ok();
    assert_eq!(signed.json()["stored"]["login"]["mode"], "apikey");
    assert!(!format!("{signed:?}").contains("1234567890"));
    let file: Value = serde_json::from_str(&one.text()).expect("JSON");
    let wanted: Value = serde_json::from_str(&api_key("sk-proj-made-up-1234567890ABCDE")).expect("JSON");
    assert_eq!(file, wanted);
    let (code, said) = login_status(&codex, &one);
    assert!(code == Some(0) && said.contains("API key configured"), "{said}");
    let two = Machine::new(&bed, "two");
    two.codex(&bed, &["restore"]).ok();
    let mut server = AppServer::start_in(&codex, &bed, &two.home, &[]);
    assert_eq!(auth_status(&mut server, false)["authMethod"], "apikey");
}

/// A program in Codex's place: a real code needs OpenAI's server.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_signs_in_where_there_is_no_browser() {
    let bed = Bed::new().await;
    let one = Machine::new(&bed, "one");
    let made = bed.path("made.json");
    crate::codex_common::put(&made, &chatgpt(ACCOUNT, "rt-made-up-0"));
    let script = bed.path("codex-stand-in");
    let text = format!(
        "#!/bin/sh\n[ \"$*\" = 'login --device-auth' ] || exit 9\n[ -e '{0}' ] || exit 1\n\
         echo 'Enter MADE-UPCODE at https://example.com/codex/device'\ncp -p '{0}' \"$CODEX_HOME/auth.json\"\n",
        made.display()
    );
    std::fs::write(&script, text).expect("a script");
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a mode");
    let args = ["sign-in", "--codex", script.to_str().expect("text")];
    let signed = one.codex(&bed, &args).ok();
    assert!(signed.stderr.contains("MADE-UPCODE"), "the person sees it: {signed:?}");
    assert_eq!(signed.json()["stored"]["generation"], 1);
    // Again, it only stores what is there; and what fails says so.
    std::fs::remove_file(&made).expect("gone");
    assert_eq!(one.codex(&bed, &args).ok().json()["changed"], false);
    assert_eq!(one.codex(&bed, &[&args[..], &["--force"]].concat()).error_code(), "codex.sign_in");
    assert_eq!(one.codex(&bed, &["sign-in", "--force", "--codex", "/nowhere/codex"]).error_code(), "codex.program");
}
