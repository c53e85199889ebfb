//! Many git and gh calls at once over many worktrees: none gets another one's token.
//!
//! Small here; `scripts/bleed` runs it over 64 worktrees and 10,000 calls.

use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use crate::common::{Bed, Run};

const HUMAN: &str = "made_up_human_token";

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// The same order of calls for the same seed (xorshift64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

struct Desk {
    bed: Bed,
    path: OsString,
    /// Each worktree and its token; the last one is the person's own checkout.
    trees: Vec<(PathBuf, String)>,
}

impl Desk {
    async fn new(count: u64) -> Desk {
        let bed = Bed::new().await;
        let repository = bed.repository("repo");
        let bin = bed.state().join("bin");
        std::fs::create_dir_all(&bin).expect("a folder");
        symlink(env!("CARGO_BIN_EXE_ravi-workspace"), bin.join("gh")).expect("the shim");
        std::fs::create_dir_all(bed.path("gh")).expect("a folder");
        let hosts = format!("github.com:\n    user: hanna\n    oauth_token: {HUMAN}\n");
        std::fs::write(bed.path("gh/hosts.yml"), hosts).expect("the person's login");
        let helper = format!("!f() {{ echo username=hanna; echo password={HUMAN}; }}; f");
        bed.git(&repository, &["config", "--global", "credential.helper", &helper]);
        // A long run outlives what the provisions have read, and the host identity's vault needs a key then.
        let key = secrecy::ExposeSecret::expose_secret(&bed.key).to_owned();
        bed.run_with_input(&["login", "--key-stdin"], &key).ok();
        let mut trees = Vec::new();
        for n in 0..count {
            let (tree, token) = (bed.worktree(&repository, &format!("agent-{n}")), format!("made_up_token_{n}_end"));
            let args = Bed::provision_args(&tree, &format!("w{n}"), &format!("agent {n}"));
            let secret = format!("CODEX_MONITOR_GH_TOKEN_AGENT_{n}");
            // Half of the tokens lie in the workspace's own vault, half in the host identity's.
            if n % 2 == 0 {
                bed.run_with_input(&["secret", "set", &secret], &token).ok();
            } else {
                let answer = bed.run(&args).ok().json();
                bed.put_secret(answer["identity"]["uuid"].as_str().expect("a uuid"), "GH_TOKEN", &token).await;
            }
            assert_ne!(bed.run(&args).ok().json()["github"]["source"], "inherited");
            std::fs::create_dir_all(tree.join("src/below")).expect("folders");
            trees.push((tree, token));
        }
        std::fs::create_dir_all(repository.join("src/below")).expect("folders");
        trees.push((repository, HUMAN.to_owned()));
        let usual = std::env::var_os("PATH").expect("a PATH");
        let path = std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&usual))).expect("a PATH");
        Desk { bed, path, trees }
    }

    /// One call of git or gh, and the token that it logs in with.
    fn call(&self, dice: &mut Dice, gh: bool) -> (String, String) {
        let (tree, token) = &self.trees[dice.below(self.trees.len() as u64) as usize];
        let folder = tree.join(["", "src", "src/below"][dice.below(3) as usize]);
        let exported = dice.below(2) == 0;
        let said = if gh { self.gh(&folder, exported && token != HUMAN) } else { self.git(&folder) };
        (said, token.clone())
    }

    fn git(&self, folder: &Path) -> String {
        let mut git = self.bed.git_command(folder);
        git.args(["credential", "fill"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = git.env("GIT_TERMINAL_PROMPT", "0").spawn().expect("git starts");
        child.stdin.take().expect("its input").write_all(b"protocol=https\nhost=github.com\n\n").expect("it reads");
        let run = Run::from(child.wait_with_output().expect("it ends")).ok();
        let line = run.stdout.lines().find_map(|line| line.strip_prefix("password=").map(str::to_owned));
        line.unwrap_or_else(|| panic!("no token: {run:?}"))
    }

    fn gh(&self, folder: &Path, exported: bool) -> String {
        let mut gh = Command::new("env");
        gh.args(["gh", "auth", "token"]).current_dir(folder).env("PATH", &self.path).stdin(Stdio::null());
        gh.env("GH_CONFIG_DIR", self.bed.path("gh")).env("HOME", self.bed.path(""));
        gh.env_remove("GITHUB_TOKEN").env_remove("GH_TOKEN");
        if exported {
            gh.env("GH_TOKEN", HUMAN).env("GITHUB_TOKEN", HUMAN);
        }
        Run::from(gh.output().expect("gh starts")).ok().stdout.trim_end().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_gets_the_token_of_another_workspace() {
    let (trees, calls) = (number("RAVI_TEST_WORKTREES", 6), number("RAVI_TEST_CALLS", 120));
    let seed = number("RAVI_TEST_SEED", 0x5eed_4711).max(1);
    let gh = Command::new("gh").arg("--version").output().is_ok();
    if !gh {
        println!("gh is not installed: git calls only");
    }
    let desk = Desk::new(trees).await;
    let (next, wrong, by_gh) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let (desk, next, wrong, by_gh) = (&desk, &next, &wrong, &by_gh);
            scope.spawn(move || {
                let mut dice = Dice(seed.wrapping_add(worker).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
                while next.fetch_add(1, SeqCst) < calls {
                    let with_gh = gh && dice.below(2) == 0;
                    let (said, wanted) = desk.call(&mut dice, with_gh);
                    by_gh.fetch_add(u64::from(with_gh), SeqCst);
                    wrong.fetch_add(u64::from(said != wanted), SeqCst);
                }
            });
        }
    });
    let wrong = wrong.into_inner();
    println!("{calls} calls ({} of gh) over {trees} worktrees, seed {seed}: {wrong} wrong", by_gh.into_inner());
    assert_eq!(wrong, 0);
}
