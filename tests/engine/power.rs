//! An app that is off until a person asks for it leaves nothing behind; and one whose ledger is broken can begin anew.

use crate::common::Bed;
use ravi_workspace_core::{Config, Power, Start};
use secrecy::SecretString;

fn power(bed: &Bed) -> Power {
    Power::new(Config { start: Some(Start::Asked), ..bed.config() }).expect("a configuration")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_nobody_switched_on_makes_nothing() {
    let bed = Bed::new().await;
    let app = power(&bed);
    assert!(!app.is_on() && app.ravi().is_none() && !app.status().on && app.status().asked);
    app.switch_off().expect("it is off");
    assert!(!bed.state().exists(), "no folder, no ledger");
    assert_eq!(bed.run(&["power", "status", "--json"]).ok().json()["on"], false);
    assert!(!bed.state().exists());
    assert_eq!(bed.call_log().await, Vec::<String>::new());
    // A person switches it on: by the app, and by the command line, which others see alike.
    let daemon = power(&bed);
    assert!(app.switch_on().expect("on").on);
    assert!(daemon.ravi().is_some(), "the daemon sees it while it runs");
    bed.run(&["power", "off"]).ok();
    assert!(app.ravi().is_none() && daemon.ravi().is_none());
    bed.run(&["power", "on"]).ok();
    let ravi = app.ravi().expect("a handle");
    ravi.secrets().set("A", SecretString::from("made-up")).await.expect("it works");
    // An app that uses it always needs nobody's asking.
    assert!(Power::new(bed.config()).expect("a configuration").ravi().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_cannot_be_read_is_put_aside_where_a_person_asks_for_it() {
    let bed = Bed::new().await;
    let garbage = "this is no ledger, but somebody's file\n".repeat(200);
    std::fs::create_dir_all(bed.state()).expect("a folder");
    std::fs::write(bed.state().join("ledger.db"), &garbage).expect("garbage");
    let app = power(&bed);
    app.switch_on().expect("on");
    let status = app.status();
    assert_eq!((status.on, status.error.expect("an error").code.as_str()), (true, "ledger.damaged"));
    assert!(app.ravi().is_none(), "the app goes on without");
    let shown = bed.run(&["power", "status", "--json"]).ok().json();
    assert_eq!(shown["error"]["code"], "ledger.damaged");
    assert!(shown["error"]["hint"].as_str().expect("a hint").contains("power renew"));
    let renewed = app.renew().expect("a new one");
    let aside = renewed.aside.expect("the old one is kept");
    assert_eq!(std::fs::read_to_string(aside.join("ledger.db")).expect("it is there"), garbage);
    assert!(renewed.power.error.is_none() && app.ravi().is_some());
    app.ravi().expect("a handle").secrets().set("A", SecretString::from("made-up")).await.expect("it works");
    bed.run(&["audit", "verify"]).ok();
    // One that can be read is nobody's to put aside.
    let again = bed.run(&["power", "renew", "--json"]).ok().json();
    assert_eq!((again["on"].as_bool(), again["aside"].is_null()), (Some(true), true));
}
