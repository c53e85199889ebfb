//! A workspace's logins at websites: whose they are can be answered, and their passwords are only where they belong.

use ravi_workspace_core::api::{AnyKey, Client, ClientOptions, Password};
use ravi_workspace_core::{Config, PoolReuse, Ravi};
use secrecy::ExposeSecret as _;

use crate::common::{Bed, Run, files_with};
use crate::inbox_messages::workspace;

fn registration(bed: &Bed, command: &str, rest: &[&str]) -> Run {
    bed.run(&[&["registration", command, "one"], rest].concat())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_is_made_read_and_deleted_and_each_is_noted_with_its_website() {
    let bed = Bed::new().await;
    let (address, _) = workspace(&bed, &bed.ravi(), "one", false).await;
    let made = registration(&bed, "create", &["https://shop.example.com/join", "--json"]).ok();
    let answer = made.json();
    let password = answer["password"].as_str().expect("a password").to_owned();
    assert_eq!(
        (answer["domain"].as_str(), answer["username"].as_str(), password.len()),
        (Some("example.com"), Some(address.as_str()), 24)
    );
    assert!(!made.stderr.contains(&password));

    let listed = registration(&bed, "list", &["--json"]).ok();
    assert_eq!(listed.json()[0]["domain"].as_str(), Some("example.com"));
    assert!(!format!("{listed:?}").contains(&password), "a list shows no password");
    assert!(!format!("{:?}", registration(&bed, "list", &[])).contains(&password));
    assert_eq!(registration(&bed, "get", &["example.com"]).ok().stdout.trim(), password);
    assert_eq!(registration(&bed, "get", &["example.org", "--json"]).error_code(), "registration.not_found");

    let second = registration(&bed, "create", &["example.com", "--username", "other", "--json"]).ok().json();
    assert_ne!(second["password"].as_str(), Some(password.as_str()), "each login has a password of its own");
    let several = registration(&bed, "get", &["example.com", "--json"]);
    assert_eq!(several.error_code(), "registration.several");
    assert!(!format!("{several:?}").contains(&password));
    let gone = registration(&bed, "delete", &["example.com", "--username", "other", "--json"]).ok();
    assert_eq!(gone.json()["username"].as_str(), Some("other"));
    assert!(gone.json().get("password").is_none());
    assert_eq!(registration(&bed, "get", &["example.com"]).ok().stdout.trim(), password);

    let trail = bed.audit_trail();
    let noted = |action: &str| trail.iter().filter(|row| row[0] == action && row[1] == "one").collect::<Vec<_>>();
    assert_eq!(noted("registration.create").len(), 2);
    assert!(noted("registration.create").iter().all(|row| row[2].contains("example.com")), "{trail:?}");
    assert!(noted("registration.read").iter().any(|row| row[2] == "example.com" && row[3] == "done"), "{trail:?}");
    assert_eq!(noted("registration.delete").len(), 1);
    assert!(!format!("{trail:?}").contains(&password));
    assert_eq!(files_with(&bed.path(""), &password), Vec::<std::path::PathBuf>::new(), "it is in no file");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_workspace_of_the_identity_has_no_logins_of_the_former() {
    let bed = Bed::new().await;
    let ravi = Ravi::open(Config { pool_reuse: Some(PoolReuse::All), ..bed.config() }).expect("the ledger opens");
    let (address, _) = workspace(&bed, &ravi, "first", false).await;
    ravi.registrations("first").register("example.com", None).await.expect("it is made");
    assert_eq!(ravi.registrations("first").list().await.expect("a list").len(), 1);
    Box::pin(ravi.workspaces().release("first", false, |_| {})).await.expect("it is released");
    let (again, _) = workspace(&bed, &ravi, "second", false).await;
    assert_eq!(again, address, "the identity is used again");
    assert!(ravi.registrations("second").list().await.expect("a list").is_empty());
}

/// The logins in the host identity's vault.
async fn kept(bed: &Bed) -> Vec<Password> {
    let host = bed.run(&["account", "--json"]).ok().json()["host"]["uuid"].as_str().expect("a host").into();
    let client = Client::new(ClientOptions::new(bed.base_url.parse().expect("an address"))).expect("a client");
    let session = client.with(&AnyKey::parse(bed.key.clone()).expect("a key"));
    session.passwords(&host).list().await.expect("Ravi answers")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logins_are_kept_by_the_host_where_that_is_configured_whatever_is_killed() {
    for point in
        ["Before POST /api/passwords/", "After POST /api/passwords/", "After DELETE /api/passwords/{}/", "none"]
    {
        let bed = Bed::new().await;
        let ravi = bed.ravi();
        workspace(&bed, &ravi, "one", false).await;
        let made = registration(&bed, "create", &["example.com", "--json"]).ok().json();
        let release = |point: &str| {
            let mut program = bed.program();
            program.args(["release", "one"]).env("RAVI_WORKSPACE_REGISTRATIONS", "keep");
            Run::from(program.env("RAVI_WORKSPACE_CRASH_AT", point).output().expect("it starts"))
        };
        assert_eq!(release(point).code == 0, point == "none", "{point}");
        release("none").ok();
        let kept = kept(&bed).await;
        assert_eq!(kept.len(), 1, "{point}");
        assert_eq!((kept[0].domain.as_str(), kept[0].notes.as_str()), ("example.com", "workspace one"));
        assert_eq!(made["password"], kept[0].password.expose_secret());
        assert!(bed.audit_trail().iter().any(|row| row[0] == "registration.delete" && row[1] == "one"), "{point}");
        workspace(&bed, &ravi, "two", false).await;
        assert!(ravi.registrations("two").list().await.expect("a list").is_empty(), "{point}");
    }
}
