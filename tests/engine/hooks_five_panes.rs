//! Five dmux-style panes at once: five authors, and five inboxes that sign up at a web service with a code each; merged
//! and removed in any order. At the end there is no live key, and what is the human's is as it was.

use std::path::Path;
use std::sync::Arc;

use ravi_workspace_core::api::{AnyKey, Client, ClientOptions, MessageQuery};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::common::{Bed, HUMAN_EMAIL, Run};
use crate::hooks_dmux::{Dice, Project};
use crate::inbox_signup::{bed_with_mail, run, start_service};

/// The identity of a worktree and its key, as the official command line reads them.
fn own_key(bed: &Bed, tree: &Path) -> (String, SecretString) {
    let status = bed.run(&["status", tree.to_str().expect("text"), "--json"]).ok().json();
    let file = bed.key_file(status["id"].as_str().expect("an id"));
    let text = std::fs::read_to_string(file).expect("it is there");
    let config: Value = serde_json::from_str(&text).expect("JSON");
    let text = |name: &str| config[name].as_str().expect("text").to_owned();
    (text("identity_uuid"), SecretString::from(text("identity_key")))
}

/// Bodies of the mails that the pane's own key reaches.
async fn inbox(bed: &Bed, tree: &Path) -> Vec<String> {
    let (identity, key) = own_key(bed, tree);
    let client = Client::new(ClientOptions::new(bed.base_url.parse().expect("an address"))).expect("a client");
    let session = client.with(&AnyKey::parse(key).expect("a key"));
    let mails = session.email(&identity.into()).messages(&MessageQuery::default()).await.expect("it may read them");
    mails.into_iter().map(|mail| mail.text_content).collect()
}

/// Signs up at the service as an agent does, from the pane's folder; the service let it in. Answers the code.
async fn sign_up(bed: Arc<Bed>, service: String, tree: String, email: String) -> String {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let post = |what: &str, body: Value| http.post(format!("{service}/{what}")).json(&body).send();
    let args = |rest: &[&str]| rest.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>();
    let fence = run(&bed, args(&["inbox", "fence", &tree])).await.ok().stdout.trim().to_owned();
    let asked = post("signup", json!({ "email": email })).await.expect("the service answers");
    assert!(asked.status().is_success(), "{email}: {}", asked.status());
    let wait = args(&["inbox", "wait", &tree, "--code", "--since", &fence, "--timeout", "60"]);
    let code = run(&bed, wait).await.ok().stdout.trim().to_owned();
    let let_in = post("confirm", json!({ "email": email, "code": code })).await.expect("the service answers");
    assert!(let_in.status().is_success(), "{email} shows {code}: {}", let_in.status());
    code
}

#[tokio::test(flavor = "multi_thread")]
async fn five_panes_sign_up_at_once_and_go_in_any_order() {
    for seed in [1, 2] {
        let (bed, smtp) = bed_with_mail().await;
        let (bed, service) = (Arc::new(bed), start_service(smtp).await);
        let mut project = Project::new(&bed);
        let root = project.root.clone();
        let files =
            || [root.join(".git/config"), bed.path("gitconfig")].map(|file| std::fs::read(file).expect("it is there"));
        let before = files();
        let slugs = ["s0", "s1", "s2", "s3", "s4"];
        slugs.iter().for_each(|slug| project.add(&bed, slug));
        let ids: Vec<String> = (0..5).map(|n| format!("dmux-179521115042{n}")).collect();
        let panes: Vec<(&str, &str)> = ids.iter().map(String::as_str).zip(slugs).collect();
        project.set_panes(&panes);
        let gates: Vec<_> = panes
            .iter()
            .map(|(id, slug)| {
                project
                    .hook(&bed, "worktree_created", id, Some(slug))
                    .stdout(std::process::Stdio::null())
                    .spawn()
                    .expect("it starts")
            })
            .collect();
        for mut gate in gates {
            assert!(gate.wait().expect("it ends").success(), "every agent may start");
        }

        // Each signs up with its address, and gets its own code, all at once.
        let list = bed.run(&["list", "--json"]).ok().json();
        let (mut addresses, mut waits) = (Vec::new(), Vec::new());
        for slug in slugs {
            let all = list["workspaces"].as_array().expect("a list");
            let workspace = all.iter().find(|w| w["name"] == slug).expect("it is there");
            let email = workspace["identity"]["email"].as_str().expect("an address").to_owned();
            let tree = project.tree(slug).to_str().expect("text").to_owned();
            waits.push(tokio::spawn(sign_up(Arc::clone(&bed), service.clone(), tree, email.clone())));
            addresses.push(email);
        }
        let mut codes: Vec<String> = Vec::new();
        for wait in waits {
            codes.push(wait.await.expect("it signed up"));
        }
        for (n, slug) in slugs.iter().enumerate() {
            let tree = project.tree(slug);
            let mails = inbox(&bed, &tree).await;
            assert!(mails.len() == 1 && mails[0].contains(&codes[n]), "{slug} sees its own code alone: {mails:?}");
            std::fs::write(tree.join(format!("{slug}.txt")), "work").expect("written");
            // As dmux commits for an agent before a merge.
            bed.git(&tree, &["add", "-A"]);
            bed.git(&tree, &["commit", "--quiet", "-m", slug]);
            assert_eq!(bed.git(&tree, &["log", "-1", "--format=%an <%ae>"]), format!("{slug} <{}>", addresses[n]));
        }
        for all in [&mut addresses, &mut codes] {
            all.sort();
            all.dedup();
            assert_eq!(all.len(), 5, "each has its own");
        }

        let mut dice = Dice(seed);
        let mut left: Vec<(&str, &str)> = panes.clone();
        while !left.is_empty() {
            let (id, slug) = left.remove(dice.roll(left.len()));
            bed.git(&root, &["merge", "--quiet", "--no-edit", "--no-ff", slug]);
            project.set_panes(&left);
            let mut late = ["pre_merge", "post_merge", "before_pane_close", "before_worktree_remove"];
            if dice.roll(2) == 0 {
                late.reverse();
            }
            let hooks: Vec<_> = late
                .iter()
                .map(|event| project.hook(&bed, event, id, Some(slug)).output().map(Run::from).expect("it starts"))
                .collect();
            hooks.into_iter().for_each(|run| drop(run.ok()));
            project.remove(&bed, slug);
            let last = ["pane_closed", "worktree_removed"].map(|event| {
                project
                    .hook(&bed, event, id, Some(slug))
                    .stdout(std::process::Stdio::null())
                    .spawn()
                    .expect("it starts")
            });
            for mut hook in last {
                assert!(hook.wait().expect("it ends").success());
            }
            assert_eq!(bed.live_keys().await, left.len(), "the others keep theirs");
        }
        assert_eq!(bed.run(&["list", "--json"]).ok().json()["workspaces"], json!([]));
        assert_eq!(files(), before, "the human's configuration, byte for byte");
        let authors = bed.git(&root, &["log", "--no-merges", "--format=%ae"]);
        assert_eq!(authors.lines().filter(|author| *author != HUMAN_EMAIL).count(), 5);
        let tracked = bed.git(&root, &["ls-files"]);
        assert!(!tracked.contains(".ravi"), "no key went into a commit: {tracked}");
    }
}
