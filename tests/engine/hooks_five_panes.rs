//! Five dmux-style panes at once: five authors, five inboxes with a code each, merged and removed in any order; at the end
//! there is no live key, and what is the human's is as it was.

use std::path::Path;

use secrecy::SecretString;
use serde_json::{Value, json};
use tauri_plugin_ravi::api::{AnyKey, Client, ClientOptions, MessageQuery};

use crate::common::{Bed, HUMAN_EMAIL, Run};
use crate::hooks_dmux::{Dice, Project};

/// What the worktree's own files say: the identity and its key, as the official command line reads them.
fn own_key(tree: &Path) -> (String, SecretString) {
    let text = std::fs::read_to_string(tree.join(".ravi/config.json")).expect("it is there");
    let config: Value = serde_json::from_str(&text).expect("JSON");
    let text = |name: &str| config[name].as_str().expect("text").to_owned();
    (text("identity_uuid"), SecretString::from(text("identity_key")))
}

/// Bodies of the mails that the pane's own key reaches.
async fn inbox(bed: &Bed, tree: &Path) -> Vec<String> {
    let (identity, key) = own_key(tree);
    let client = Client::new(ClientOptions::new(bed.base_url.parse().expect("an address"))).expect("a client");
    let session = client.with(&AnyKey::parse(key).expect("a key"));
    let mails = session.email(&identity.into()).messages(&MessageQuery::default()).await.expect("it may read them");
    mails.into_iter().map(|mail| mail.text_content).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn five_panes_sign_up_at_once_and_go_in_any_order() {
    for seed in [1, 2] {
        let bed = Bed::new().await;
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

        // Each signs up somewhere with its address, and gets its own code, all at once.
        let list = bed.run(&["list", "--json"]).ok().json();
        let mut addresses: Vec<String> = Vec::new();
        for (n, slug) in slugs.iter().enumerate() {
            let all = list["workspaces"].as_array().expect("a list");
            let workspace = all.iter().find(|w| w["name"] == *slug).expect("it is there");
            let email = workspace["identity"]["email"].as_str().expect("an address").to_owned();
            let mail = json!({ "to": email, "from": "signup@service.test", "subject": "Welcome", "text": format!("Your code is 4711{n}0") });
            bed.local(reqwest::Method::POST, "email", Some(mail)).await;
            addresses.push(email);
        }
        for (n, slug) in slugs.iter().enumerate() {
            let tree = project.tree(slug);
            assert_eq!(inbox(&bed, &tree).await, [format!("Your code is 4711{n}0")], "{slug} sees its own code alone");
            std::fs::write(tree.join(format!("{slug}.txt")), "work").expect("written");
            // As dmux commits for an agent before a merge.
            bed.git(&tree, &["add", "-A"]);
            bed.git(&tree, &["commit", "--quiet", "-m", slug]);
            assert_eq!(bed.git(&tree, &["log", "-1", "--format=%an <%ae>"]), format!("{slug} <{}>", addresses[n]));
        }
        addresses.sort();
        addresses.dedup();
        assert_eq!(addresses.len(), 5);

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
