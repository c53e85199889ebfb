//! Whatever else the person has set up to log in with, a push of a workspace goes by the workspace's token, or not at all.
//!
//! A table: what the person has, and what is to become of a push. The web server and the sshd are real and write down who
//! came.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::git_server::GitServer;
use crate::common::ssh_server::SshServer;
use crate::common::{Bed, Run};
use serde_json::{Value, json};

const TOKEN: &str = "made_up_agent_token";
const PERSON: &str = "made_up_person_token";

/// What is to become of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Right {
    /// It goes by the workspace's token.
    Agent,
    /// It is refused.
    Refused,
}
use Right::{Agent, Refused};

/// When the person sets it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Before,
    /// After the workspace was set up; nothing is told of it.
    After,
}
use When::{After, Before};

struct Way {
    name: &'static str,
    when: When,
    /// `origin`'s address; `{web}` is `http://HOST:PORT`, `{authority}` what follows the slashes, `{port}` the sshd's.
    remote: &'static str,
    /// `git config` of the person: `--global`, or of the repository where it begins with `repo:`.
    config: &'static [(&'static str, &'static str)],
    netrc: bool,
    right: Right,
}

const WEB: &str = "{web}/project.git";
const SSH: &str = "ssh://github-work{remotes}/project.git";

const fn web(name: &'static str, when: When, config: &'static [(&'static str, &'static str)]) -> Way {
    Way { name, when, remote: WEB, config, netrc: false, right: Agent }
}

const fn to(name: &'static str, when: When, remote: &'static str, right: Right) -> Way {
    Way { name, when, remote, config: &[], netrc: false, right }
}

const WAYS: [Way; 32] = [
    web("nothing but the workspace", Before, &[]),
    Way { netrc: true, ..web(".netrc", Before, &[]) },
    Way { netrc: true, ..web(".netrc, written later", After, &[]) },
    Way {
        netrc: true,
        ..to(".netrc and a name in the address", Before, "http://hanna@{authority}/project.git", Agent)
    },
    web("a header", Before, &[("http.extraHeader", "{header}")]),
    web("a header for the host", Before, &[("http.{web}/.extraHeader", "{header}")]),
    web("a header for the repository", Before, &[("http.{web}/project.git.extraHeader", "{header}")]),
    web("a header in the repository's own configuration", Before, &[("repo:http.{web}/.extraHeader", "{header}")]),
    to("a token in the remote's address", Before, "http://x:made_up_person_token@{authority}/project.git", Agent),
    web("a token by insteadOf", Before, &[("url.http://x:made_up_person_token@{authority}/.insteadOf", "{web}/")]),
    web(
        "a token by pushInsteadOf",
        Before,
        &[("url.http://x:made_up_person_token@{authority}/.pushInsteadOf", "{web}/")],
    ),
    web(
        "a short name that leads to a token",
        Before,
        &[("url.http://x:made_up_person_token@{authority}/.insteadOf", "mine:")],
    ),
    web("ssh by insteadOf", Before, &[("url.ssh://github-work{remotes}/.insteadOf", "{web}/")]),
    web("ssh by pushInsteadOf", Before, &[("url.ssh://github-work{remotes}/.pushInsteadOf", "{web}/")]),
    web("scp-like ssh by pushInsteadOf", Before, &[("url.github-work:{remotes}/.pushInsteadOf", "{web}/")]),
    web("ssh by pushInsteadOf, written later", After, &[("url.ssh://github-work{remotes}/.pushInsteadOf", "{web}/")]),
    web(
        "a token by insteadOf, written later",
        After,
        &[("url.http://x:made_up_person_token@{authority}/.insteadOf", "{web}/")],
    ),
    web("a header, set later", After, &[("http.{web}/.extraHeader", "{header}")]),
    web("a helper, set later", After, &[("credential.{web}.helper", "{helper}")]),
    Way {
        right: Refused,
        ..web("a helper of the repository's, set later", After, &[("repo:credential.{web}.helper", "{helper}")])
    },
    web("a helper", Before, &[("credential.helper", "{helper}")]),
    web("a helper for the host", Before, &[("credential.{web}.helper", "{helper}")]),
    web("a helper for the repository", Before, &[("credential.{web}/project.git.helper", "{helper}")]),
    web("a program that asks", Before, &[("core.askPass", "{ask}")]),
    to("the host over ssh", Before, "ssh://127.0.0.1{remotes}/project.git", Agent),
    to("the host over ssh, scp-like", Before, "127.0.0.1:{remotes}/project.git", Agent),
    to("the host over ssh with a user", Before, "git@127.0.0.1:{remotes}/project.git", Agent),
    to("the host over ssh with a user of one's own", Before, "ssh://org-1@127.0.0.1{remotes}/project.git", Agent),
    to("the host over ssh by the scheme git+ssh", Before, "git+ssh://127.0.0.1{remotes}/project.git", Agent),
    to("an ssh alias", Before, SSH, Agent),
    to("an ssh alias, set later", After, "github-work:{remotes}/project.git", Refused),
    to("the host over ssh, set later", After, "org-2@127.0.0.1:{remotes}/project.git", Refused),
];

struct Desk {
    bed: Bed,
    server: GitServer,
    ssh: SshServer,
    repository: PathBuf,
}

impl Desk {
    async fn new() -> Option<Desk> {
        let bed = Bed::new().await;
        let ssh = SshServer::start(&bed)?;
        let (repository, server) = GitServer::project(&bed).await;
        server.accept(TOKEN);
        server.accept(PERSON);
        server.accept(&format!("x:{PERSON}"));
        server.accept(&format!("hanna:{PERSON}"));
        Some(Desk { bed, server, ssh, repository })
    }

    fn fill(&self, text: &str) -> String {
        use base64::Engine as _;
        let login = base64::engine::general_purpose::STANDARD.encode(format!("x:{PERSON}"));
        let says = format!("echo username=x; echo password={PERSON}");
        text.replace("{web}", &self.server.host())
            .replace("{authority}", self.server.host().trim_start_matches("http://"))
            // The web server has its repositories at the top.
            .replace("{remotes}", "")
            .replace("{header}", &format!("Authorization: Basic {login}"))
            .replace("{helper}", &format!("!f() {{ {says}; }}; f"))
            .replace("{ask}", &self.bed.path("ask").display().to_string())
    }

    fn set_up(&self, way: &Way) {
        self.bed.git(&self.repository, &["remote", "set-url", "origin", &self.fill(way.remote)]);
        for (key, value) in way.config {
            let (scope, key) = match key.strip_prefix("repo:") {
                Some(key) => ("--local", key),
                None => ("--global", *key),
            };
            self.bed.git(&self.repository, &["config", scope, &self.fill(key), &self.fill(value)]);
        }
        if way.netrc {
            let text = format!("machine 127.0.0.1 login hanna password {PERSON}\n");
            std::fs::write(self.bed.path(".netrc"), text).expect("a file");
        }
    }

    fn provision(&self, tree: &Path, github: Value) -> Run {
        let mut program = self.bed.program();
        program.args(Bed::provision_args(tree, "agent", "an agent"));
        program.env("RAVI_WORKSPACE_GITHUB", github.to_string()).output().expect("it starts").into()
    }

    fn hosts(&self) -> Value {
        json!({ "hosts": [self.server.host()] })
    }

    /// A workspace with a token in its vault.
    async fn workspace(&self) -> (PathBuf, Value) {
        let tree = self.bed.worktree(&self.repository, "agent");
        let answer = self.provision(&tree, json!({ "hosts": [self.server.host()] })).ok().json();
        self.bed.put_secret(answer["identity"]["uuid"].as_str().expect("a uuid"), "GH_TOKEN", TOKEN).await;
        let answer = self.provision(&tree, self.hosts()).ok().json();
        (tree, answer)
    }

    fn push(&self, git: &Path, tree: &Path) -> Run {
        let mut command = Command::new(git);
        self.bed.git_environment(&mut command);
        command.current_dir(tree).args(["push", "--quiet", "origin", "HEAD:refs/heads/work"]);
        command.env("GIT_TERMINAL_PROMPT", "0").output().expect("git starts").into()
    }
}

/// Every version of git on PATH, and others that `RAVI_TEST_GITS` names, with colons between them.
fn gits() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let more = std::env::var("RAVI_TEST_GITS").unwrap_or_default();
    let named = more.split(':').filter(|path| !path.is_empty()).map(PathBuf::from);
    let all = std::env::split_paths(&path).map(|folder| folder.join("git")).filter(|git| git.is_file()).chain(named);
    let mut seen = Vec::new();
    let new = |git: &PathBuf| {
        let version = version(git);
        let new = !seen.contains(&version);
        seen.push(version);
        new
    };
    let gits: Vec<PathBuf> = all.filter(new).collect();
    if gits.len() < 3 {
        println!("skipped: a third version of git; RAVI_TEST_GITS names one");
    }
    gits
}

fn version(git: &Path) -> String {
    let said = Command::new(git).arg("--version").output().expect("git starts").stdout;
    String::from_utf8(said).expect("text").trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_person_has_a_push_goes_by_the_workspaces_token_or_not_at_all() {
    let mut wrong = Vec::new();
    for git in gits() {
        let version = version(&git);
        for way in &WAYS {
            let Some(desk) = Desk::new().await else { return };
            std::fs::write(desk.bed.path("ask"), format!("#!/bin/sh\necho {PERSON}\n")).expect("a script");
            if way.when == Before {
                desk.set_up(way);
            }
            let (tree, _) = desk.workspace().await;
            if way.when == After {
                desk.set_up(way);
            }
            let run = desk.push(&git, &tree);
            let by_agent = desk.server.seen().iter().any(|seen| seen.accepted && seen.token == TOKEN);
            let by_person =
                desk.server.seen().iter().any(|seen| seen.token.contains(PERSON)) || !desk.ssh.came().is_empty();
            let seen = match (by_person, by_agent, run.code) {
                (false, true, 0) => Some(Agent),
                (false, _, code) if code != 0 => Some(Refused),
                _ => None,
            };
            let mark = if seen == Some(way.right) { "ok" } else { "WRONG" };
            println!("{version} | {:?} | {} | {:?} | {mark}", way.when, way.name, way.right);
            if mark != "ok" {
                wrong.push(format!("{version}: {}: {seen:?}, by person: {by_person}, {run:?}", way.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_that_stays_open_is_said_and_refused_where_that_is_asked_for() {
    let Some(desk) = Desk::new().await else { return };
    let address = desk.fill("http://x:made_up_person_token@{authority}/project.git");
    desk.bed.git(&desk.repository, &["remote", "set-url", "origin", &address]);
    let (tree, answer) = desk.workspace().await;
    let open = json!([{ "kind": "login", "remote": "origin", "push": false }]);
    assert_eq!(answer["github"]["open"], open, "what is fetched goes by the address");
    assert!(answer["warnings"].to_string().contains("workspace.open_way"), "{answer}");
    assert!(!answer.to_string().contains(PERSON));
    let status = desk.bed.run(&["status", "agent", "--json"]).ok().json();
    assert_eq!(status["github"]["open"], open);
    assert!(desk.bed.run(&["status", "agent"]).ok().stdout.contains("open: fetch from origin"), "for people, too");
    let doctor = desk.bed.run(&["doctor", "--json"]).json();
    assert!(doctor.to_string().contains("fetch from origin"), "{doctor}");
    for strict in [json!({ "strict": true }), json!({ "missing": "deny" })] {
        let mut config = desk.hosts();
        config.as_object_mut().expect("an object").extend(strict.as_object().expect("an object").clone());
        assert_eq!(desk.provision(&tree, config).error_code(), "workspace.open_way");
    }
    desk.bed.git(&desk.repository, &["remote", "set-url", "origin", &desk.server.url("project.git")]);
    let answer = desk.provision(&tree, desk.hosts()).ok().json();
    assert_eq!(answer["github"].get("open"), None, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_process_of_the_workspace_clones_and_fetches_is_the_workspaces_and_another_worktree_is_not() {
    let Some(desk) = Desk::new().await else { return };
    let (tree, _) = desk.workspace().await;
    let address = desk.server.url("project.git");
    let exec = |script: String| -> Run {
        let mut program = desk.bed.program();
        program.args(["exec", tree.to_str().expect("text"), "--", "sh", "-ec", &script]);
        program.env("GIT_TERMINAL_PROMPT", "0").output().expect("it starts").into()
    };
    let work = "git commit --quiet --allow-empty -m Work; git push --quiet origin HEAD:refs/heads";
    exec(format!("git clone --quiet {address} inside; cd inside; {work}/clone")).ok();
    exec(format!("git -c protocol.file.allow=always submodule --quiet add {address} module; cd module; {work}/module"))
        .ok();
    for name in ["clone", "module"] {
        assert_eq!(desk.server.pushed_with(name), [TOKEN.to_owned()].into(), "{name}");
        let author = desk.server.author(name);
        assert!(author.starts_with("an agent <"), "{name}: {author}");
    }
    // As go does it: in a cache of the person's, which is no workspace's folder.
    let cache = desk.bed.path("go/pkg/mod/cache/vcs/made-up");
    exec(format!("git init --quiet --bare '{0}'; git -C '{0}' fetch --quiet {address}", cache.display())).ok();
    // Outside of all of these nothing holds, and neither in a worktree of another repository in the folder.
    let other = desk.bed.repository("other");
    let nested = tree.join("nested");
    desk.bed.git(&other, &["worktree", "add", "--quiet", nested.to_str().expect("text")]);
    for folder in [&nested, &other] {
        let ask =
            format!("git -C '{}' config --get-all credential.{}.helper || true", folder.display(), desk.server.host());
        assert_eq!(exec(ask).ok().stdout, "", "{}", folder.display());
    }
    assert!(desk.ssh.came().is_empty());
}
