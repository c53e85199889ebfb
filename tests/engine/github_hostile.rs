//! A repository is somebody else's text: nothing in it makes a token go to another host, or to another workspace.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::common::git_server::GitServer;
use crate::common::{Bed, Run};
use serde_json::json;

const TOKEN: &str = "made_up_token_4711";

struct Desk {
    bed: Bed,
    server: GitServer,
    /// Accepts nothing and writes everything down.
    evil: GitServer,
    repository: PathBuf,
    tree: PathBuf,
}

impl Desk {
    async fn new() -> Desk {
        let bed = Bed::new().await;
        let (repository, server) = GitServer::project(&bed).await;
        let evil = GitServer::start(&bed.path("remotes")).await;
        server.accept(TOKEN);
        let tree = bed.worktree(&repository, "agent");
        let desk = Desk { bed, server, evil, repository, tree };
        let uuid = desk.provision().ok().json()["identity"]["uuid"].as_str().expect("a uuid").to_owned();
        desk.bed.put_secret(&uuid, "GH_TOKEN", TOKEN).await;
        assert_eq!(desk.provision().ok().json()["github"]["source"], "workspace");
        desk
    }

    fn provision(&self) -> Run {
        let mut program = self.bed.program();
        program.args(Bed::provision_args(&self.tree, "agent", "an agent"));
        program.env("RAVI_WORKSPACE_GITHUB", json!({ "hosts": [self.server.host()] }).to_string());
        program.output().expect("it starts").into()
    }

    /// The helper, called as git calls it.
    fn ask(&self, folder: &Path, protocol: &str, host: &str) -> Run {
        let mut program = self.bed.program();
        program.args(["git-credential", "get"]).current_dir(folder).env_remove("RAVI_API_KEY");
        let mut child =
            program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let request = format!("capability[]=authtype\nprotocol={protocol}\nhost={host}\n\n");
        child.stdin.take().expect("its input").write_all(request.as_bytes()).expect("it reads");
        child.wait_with_output().expect("it ends").into()
    }

    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.server.port)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn configuration_of_the_repository_sends_no_token_elsewhere() {
    let desk = Desk::new().await;
    let run = desk.ask(&desk.tree, "http", &desk.host());
    assert_eq!(run.stdout, format!("username=x-access-token\npassword={TOKEN}\n"), "{run:?}");

    // In the file that all worktrees share, which a script of the repository's may write.
    let set = |key: &str, value: &str| desk.bed.git(&desk.repository, &["config", "--add", key, value]);
    let stolen = desk.bed.path("stolen");
    let thief = format!("!f() {{ cat >> {}; }}; f", stolen.display());
    set("credential.helper", &thief);
    set(&format!("credential.{}.helper", desk.server.host()), &thief);
    let program = env!("CARGO_BIN_EXE_ravi-workspace");
    set(&format!("credential.{}.helper", desk.evil.host()), &format!("!'{program}' git-credential"));
    let push = |tree: &Path| -> Run {
        let mut git = desk.bed.git_command(tree);
        git.args(["push", "--quiet", "origin", "HEAD:refs/heads/x"]).env("GIT_TERMINAL_PROMPT", "0");
        git.output().expect("git starts").into()
    };
    // git would tell every helper that it knows which token was good; where another one comes after ours, it gets none.
    let run = push(&desk.tree);
    assert!(run.code != 0 && run.stderr.contains("github.other_helper"), "{run:?}");
    push(&desk.tree).ok();
    assert!(!stolen.exists(), "another helper was told");

    set(&format!("url.{}/.insteadOf", desk.evil.host()), &format!("{}/", desk.server.host()));
    push(&desk.tree).ok();
    assert!(desk.evil.seen().is_empty(), "{:?}", desk.evil.seen());
    assert!(!std::fs::read_to_string(&stolen).unwrap_or_default().contains(TOKEN));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_exact_host_is_answered() {
    let desk = Desk::new().await;
    let host = desk.host();
    for other in ["github.com", "gitlab.com", ""] {
        let run = desk.ask(&desk.tree, "https", other);
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""), "{other}");
    }
    for (protocol, trick) in [
        ("https", host.clone()),
        ("http", format!("{host}0")),
        ("http", format!("{host}.evil.example")),
        ("http", format!("{host}@evil.example")),
        ("http", format!("hanna@{host}")),
        ("http", format!("{host}\u{200b}")),
        ("http", format!("{host}\r")),
    ] {
        let run = desk.ask(&desk.tree, protocol, &trick);
        assert_eq!(run.stdout, "quit=1\n", "{trick:?}: {run:?}");
        assert!(run.stderr.contains("error[github."), "{run:?}");
    }
    let run = desk.ask(&desk.tree, "http", &format!("{host}\nhost=evil.example"));
    assert_eq!(run.stdout, "quit=1\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_only_claims_to_be_the_workspace_gets_nothing() {
    let desk = Desk::new().await;
    let host = desk.host();
    let folder = |name: &str| {
        let path = desk.bed.path(name);
        std::fs::create_dir_all(&path).expect("a folder");
        path
    };
    // Ships what the official CLI would read.
    let shipped = folder("shipped");
    std::fs::create_dir(shipped.join(".ravi")).expect("a folder");
    std::fs::copy(desk.bed.key_file("agent"), shipped.join(".ravi/config.json")).expect("a copy");
    assert_eq!(desk.ask(&shipped, "http", &host).stdout, "");
    // A `.git` file that points into the workspace.
    let pointing = folder("pointing");
    std::fs::copy(desk.tree.join(".git"), pointing.join(".git")).expect("a copy");
    assert_eq!(desk.ask(&pointing, "http", &host).stdout, "");
    // The mark, copied or made up: its repository may have our helper in its configuration, so git is told to stop.
    let git_dir = desk.repository.join(".git/worktrees/agent");
    let mark = std::fs::read_to_string(git_dir.join("ravi-workspace.json")).expect("it is there");
    for (name, mark) in [
        ("copied", mark.clone()),
        ("made-up", mark.replace("\"nonce\": \"", "\"nonce\": \"0")),
        ("no-ledger", mark.replace(desk.bed.state().to_str().expect("text"), "/nowhere")),
        ("foreign", mark.replace(desk.bed.state().to_str().expect("text"), folder("open").to_str().expect("text"))),
        ("broken", "{".to_owned()),
    ] {
        if name == "foreign" {
            std::fs::copy(desk.bed.state().join("ledger.db"), desk.bed.path("open/ledger.db")).expect("a copy");
        }
        let repository = desk.bed.repository(name);
        std::fs::write(repository.join(".git/ravi-workspace.json"), mark).expect("a file");
        let run = desk.ask(&repository, "http", &host);
        assert_eq!(run.stdout, "quit=1\n", "{name}: {run:?}");
    }
    // A repository below the workspace's folder is worked on by the same agent; a worktree of another one is not.
    let nested = desk.tree.join("nested");
    std::fs::create_dir(&nested).expect("a folder");
    desk.bed.git(&nested, &["init", "--quiet"]);
    assert!(desk.ask(&nested, "http", &host).stdout.contains(TOKEN));
    let other = desk.tree.join("other");
    let args = ["worktree", "add", "--quiet", "-b", "other", other.to_str().expect("text")];
    desk.bed.git(&desk.repository, &args);
    assert_eq!(desk.ask(&other, "http", &host).stdout, "");
    // Still there for whom it is meant, also after a move.
    let moved = desk.bed.path("worktrees/moved");
    let args = ["worktree", "move", desk.tree.to_str().expect("text"), moved.to_str().expect("text")];
    std::fs::remove_dir_all(&nested).expect("it goes");
    desk.bed.git(&desk.repository, &["worktree", "remove", "--force", other.to_str().expect("text")]);
    desk.bed.git(&desk.repository, &args);
    assert!(desk.ask(&moved, "http", &host).stdout.contains(TOKEN));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_appoints_no_ledger() {
    let desk = Desk::new().await;
    let mark = desk.repository.join(".git/worktrees/agent/ravi-workspace.json");
    let text = std::fs::read_to_string(&mark).expect("it is there");
    let was = desk.bed.state();
    let was = was.to_str().expect("text");
    // Whoever unpacks it has another ledger, and made none of these.
    let ask = |ledger: &str| -> Run {
        std::fs::write(&mark, text.replace(was, ledger)).expect("a file");
        let mut program = desk.bed.program();
        program.args(["git-credential", "get"]).current_dir(&desk.tree).env("HOME", desk.bed.path("victim"));
        program.env("RAVI_WORKSPACE_STATE", desk.bed.path("victim/state")).env_remove("RAVI_API_KEY");
        let request = desk.bed.path("request");
        std::fs::write(&request, format!("protocol=http\nhost={}\n\n", desk.host())).expect("a file");
        program.stdin(std::fs::File::open(&request).expect("a file"));
        program.output().expect("it starts").into()
    };
    std::fs::create_dir_all(desk.bed.path("victim")).expect("a folder");
    let inside = desk.repository.join(".git/l");
    for (name, to) in [("relative", inside.clone()), ("absolute", inside.clone()), ("beside", desk.bed.path("beside"))]
    {
        let from = if to == inside && inside.exists() { inside.clone() } else { latest(&desk, &inside) };
        std::fs::rename(from, &to).expect("it moves");
        let ledger =
            if name == "relative" { "../../repo/.git/l".to_owned() } else { to.to_str().expect("text").to_owned() };
        let run = ask(&ledger);
        assert!(run.stdout == "quit=1\n" && run.stderr.contains("helper.unknown_ledger"), "{name}: {run:?}");
        assert!(!desk.bed.path("victim/.local").exists(), "{name}");
    }
    // One that a program of this user's was told to use is known from then on, as after an upgrade of one.
    let beside = desk.bed.path("beside");
    let mut program = desk.bed.program();
    program.args(["list"]).env("HOME", desk.bed.path("victim")).env("RAVI_WORKSPACE_STATE", &beside);
    Run::from(program.output().expect("it starts")).ok();
    let run = ask(beside.to_str().expect("text"));
    assert!(run.stdout.contains(TOKEN), "{run:?}");
}

fn latest(desk: &Desk, inside: &Path) -> PathBuf {
    [inside.to_owned(), desk.bed.state()].into_iter().find(|dir| dir.exists()).expect("one is there")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_names_a_main_checkouts_git_dir_is_not_that_checkout() {
    let desk = Desk::new().await;
    let bed = &desk.bed;
    let (store, apart) = (bed.path("store"), bed.path("apart"));
    let args =
        ["clone", "--quiet", "--separate-git-dir", store.to_str().expect("text"), ".", apart.to_str().expect("text")];
    bed.git(&desk.repository, &args);
    for (n, (checkout, git_dir)) in
        [(&desk.repository, desk.repository.join(".git")), (&apart, store)].iter().enumerate()
    {
        let id = format!("main{n}");
        let provision = || -> Run {
            let mut program = bed.program();
            program.args([
                "provision",
                checkout.to_str().expect("text"),
                "--main",
                "--id",
                &id,
                "--name",
                "x agent",
                "--json",
            ]);
            program.env("RAVI_WORKSPACE_GITHUB", json!({ "hosts": [desk.server.host()] }).to_string());
            program.output().expect("it starts").into()
        };
        let made = provision().ok().json();
        bed.put_secret(made["identity"]["uuid"].as_str().expect("a uuid"), "GH_TOKEN", TOKEN).await;
        assert_eq!(provision().ok().json()["github"]["source"], "workspace");

        let pointing = bed.path(&format!("pointing{n}"));
        std::fs::create_dir_all(pointing.join("below")).expect("a folder");
        std::fs::write(pointing.join(".git"), format!("gitdir: {}\n", git_dir.display())).expect("a file");
        assert_eq!(desk.ask(&pointing, "http", &desk.host()).stdout, "", "{id}");
        let in_git = |folder: &Path| -> Run {
            let mut program = bed.program();
            program
                .args(["git-credential", "get"])
                .current_dir(folder)
                .env("GIT_DIR", git_dir)
                .env_remove("RAVI_API_KEY");
            let request = bed.path("request");
            std::fs::write(&request, format!("protocol=http\nhost={}\n\n", desk.host())).expect("a file");
            program.stdin(std::fs::File::open(&request).expect("a file"));
            program.output().expect("it starts").into()
        };
        // git sets its git dir for what it starts, there as well as in the checkout itself.
        for folder in [&pointing, &pointing.join("below")] {
            let run = in_git(folder);
            assert!(run.stdout == "quit=1\n" && run.stderr.contains("helper.unconfirmed"), "{id}: {run:?}");
        }
        let status = bed.run(&["status", pointing.to_str().expect("text"), "--json"]);
        assert!(
            ["workspace.foreign_git_dir", "workspace.unbound"].contains(&status.error_code().as_str()),
            "{status:?}"
        );
        for taken in ["other", id.as_str()] {
            let args =
                ["provision", pointing.to_str().expect("text"), "--main", "--id", taken, "--name", "x", "--json"];
            let code = bed.run(&args).error_code();
            let codes = ["workspace.foreign_git_dir", "workspace.path_taken", "workspace.id_taken"];
            assert!(codes.contains(&code.as_str()), "{id}, {taken}: {code}");
        }
        for own in [desk.ask(checkout, "http", &desk.host()), in_git(checkout), in_git(&bed.path(""))] {
            assert!(own.stdout.contains(TOKEN), "{id}: {own:?}");
        }
        let moved = bed.path(&format!("moved{n}"));
        std::fs::rename(checkout, &moved).expect("it moves");
        std::fs::remove_dir_all(&pointing).expect("it goes");
        assert!(desk.ask(&moved, "http", &desk.host()).stdout.contains(TOKEN), "{id}: moved by its person");
        std::fs::rename(&moved, checkout).expect("it moves back");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_the_environment_goes_to_no_server_that_a_ledger_names() {
    let desk = Desk::new().await;
    desk.bed.run_with_input(&["secret", "set", "OTHER_TOKEN"], "made_up_other_token").ok();
    let mut program = desk.bed.program();
    program.args(Bed::provision_args(&desk.tree, "agent", "an agent")).args(["--github-secret", "OTHER_TOKEN"]);
    program.env("RAVI_WORKSPACE_GITHUB", json!({ "hosts": [desk.server.host()] }).to_string());
    Run::from(program.output().expect("it starts")).ok();
    desk.bed.reset_calls().await;
    // The ledger's server is not the one that this environment names, so its key stays here.
    let mut program = desk.bed.program();
    program.args(["git-credential", "get"]).current_dir(&desk.tree).env("RAVI_API_URL", "https://api.ravi.id");
    program.env("RAVI_WORKSPACE_CLOCK_OFFSET_S", "301");
    let request = desk.bed.path("request");
    std::fs::write(&request, format!("protocol=http\nhost={}\n", desk.host())).expect("a file");
    program.stdin(std::fs::File::open(&request).expect("a file"));
    let run = Run::from(program.output().expect("it starts"));
    assert!(run.stdout == "quit=1\n" && run.stderr.contains("account.not_signed_in"), "{run:?}");
    assert_eq!(desk.bed.call_log().await, Vec::<String>::new());
}
