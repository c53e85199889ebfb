//! Two machines and one login: never at both, and never lost, whatever dies or fails in between.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ravi_workspace_core::codex::{CodexEvent, CodexOptions, WatchEnd};
use serde_json::{Value, json};

use crate::codex_common::{ACCOUNT, Machine, Watcher, chatgpt, refresh_token, until};
use crate::common::{Bed, Run, files_with};

const SIGABRT: i32 = 6;

async fn two_machines() -> (Bed, Machine, Machine) {
    let bed = Bed::new().await;
    let (one, two) = (Machine::new(&bed, "one"), Machine::new(&bed, "two"));
    one.put(&chatgpt(ACCOUNT, "rt-made-up-0"));
    (bed, one, two)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_machine_is_refused_takes_over_and_the_first_one_stops() {
    let (bed, one, two) = two_machines().await;
    let mut program = one.program(&bed);
    program.args(["codex", "watch", "--look-every", "1", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().expect("it starts");
    let mut said = BufReader::new(child.stderr.take().expect("its words")).lines().map(|line| line.expect("text"));
    assert_eq!(said.next().as_deref(), Some("Watching; version 1 is in the vault."));
    let second = one.codex(&bed, &["watch"]);
    assert_eq!(second.error_code(), "codex.watched");
    // Another machine, one with a clock that is days ahead, and another folder of the first one.
    let refused = two.codex(&bed, &["restore"]);
    assert_eq!((refused.code, refused.error_code().as_str()), (6, "codex.held"));
    let message = refused.json()["error"]["message"].as_str().expect("text").to_owned();
    assert!(message.contains("since 20") && message.contains(one.home.to_str().expect("text")), "{message}");
    for days in ["864000", "-864000"] {
        let mut ahead = two.program(&bed);
        let ahead = ahead.args(["codex", "restore", "--json"]).env("RAVI_WORKSPACE_CLOCK_OFFSET_S", days).output();
        assert_eq!(Run::from(ahead.expect("it starts")).error_code(), "codex.held");
    }
    let folder = Machine { state: one.state.clone(), home: bed.path("one-other-codex") };
    assert_eq!(folder.codex(&bed, &["restore"]).error_code(), "codex.held");
    assert!(!two.file().exists() && !folder.file().exists());
    // Codex refreshes at the last moment.
    let newest = chatgpt(ACCOUNT, "rt-made-up-1");
    one.put(&newest);
    let taken = two.codex(&bed, &["restore", "--take-over"]).ok().json();
    assert_eq!((two.text(), &taken["stored"]["holder"]["here"]), (newest.clone(), &json!(true)));
    let output = child.wait_with_output().expect("it ends");
    let ended: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        (output.status.code(), &ended["end"], &ended["pending"]),
        (Some(0), &json!("taken_over"), &json!(false))
    );
    let said: Vec<String> = said.collect();
    assert!(said.iter().any(|line| line.contains("handing it over")), "{said:?}");
    assert!(!one.file().exists());
    assert_eq!(std::fs::read_to_string(one.home.join("auth.json.taken-over")).expect("moved"), newest);
    for command in ["restore", "watch"] {
        assert_eq!(one.codex(&bed, &[command]).error_code(), "codex.held");
    }
    // And back.
    one.codex(&bed, &["restore", "--take-over"]).ok();
    assert_eq!(one.text(), newest);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_died_is_passed_over_by_force_or_when_its_time_is_over() {
    let (bed, one, two) = two_machines().await;
    let lease = Some(Duration::from_secs(3600));
    let watcher = Watcher::start(one.ravi(&bed), CodexOptions { lease, ..one.options() }).watching().await;
    watcher.kill().await;
    // A token that it did not store would be lost: only a person can know that there is none.
    let patience = Some(Duration::from_millis(300));
    let options = CodexOptions { take_over: true, patience, ..two.options() };
    let refused = two.ravi(&bed).codex().restore(&options).await.expect_err("it is silent");
    assert_eq!(refused.code(), "codex.holder_silent");
    assert!(!two.file().exists());
    // A restore does not make one forget that.
    one.ravi(&bed).codex().restore(&one.options()).await.expect("its own");
    let refused = two.ravi(&bed).codex().restore(&options).await.expect_err("it is silent");
    assert_eq!(refused.code(), "codex.holder_silent");
    let forced = CodexOptions { force: true, ..options };
    two.ravi(&bed).codex().restore(&forced).await.expect("by force");
    // Back at the first one, it is seen there, and the copy is out of the way.
    let error = Watcher::start(one.ravi(&bed), one.options()).end().await.expect_err("it is taken");
    assert_eq!(error.code(), "codex.held");
    assert!(!one.file().exists() && one.home.join("auth.json.taken-over").exists());
    // A short lease, and nobody who renews it.
    let lease = Some(Duration::from_millis(1500));
    let short = CodexOptions { lease, ..two.options() };
    two.put(&chatgpt(ACCOUNT, "rt-made-up-1"));
    Watcher::start(two.ravi(&bed), short).watching().await.kill().await;
    let ravi = one.ravi(&bed);
    until("the lease ends", async || match ravi.codex().restore(&one.options()).await {
        Ok(_) => true,
        Err(e) => {
            assert_eq!(e.code(), "codex.held");
            false
        }
    })
    .await;
    assert_eq!(refresh_token(&one.text()), "rt-made-up-1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_renewed_and_a_host_app_is_told_in_time() {
    let (bed, one, two) = two_machines().await;
    let lease = Some(Duration::from_secs(3));
    let file = one.file();
    let last = chatgpt(ACCOUNT, "rt-made-up-last");
    let written = last.clone();
    // The host app stops its app-server, which refreshes once more.
    let host = move |event: &CodexEvent| {
        if matches!(event, CodexEvent::Yielding { .. }) {
            crate::codex_common::put(&file, &written);
        }
    };
    let watcher = Watcher::start_with(one.ravi(&bed), CodexOptions { lease, ..one.options() }, host).watching().await;
    let first = one.stored(&bed).await["holder"]["until_ms"].as_i64().expect("a time");
    until("it is renewed beyond its first end", async || {
        one.stored(&bed).await["holder"]["until_ms"].as_i64().expect("a time") > first + 3000
    })
    .await;
    let options = CodexOptions { take_over: true, ..two.options() };
    two.ravi(&bed).codex().restore(&options).await.expect("handed over");
    assert_eq!(two.text(), last);
    let ended = watcher.end().await.expect("it ends well");
    assert_eq!((ended.end, ended.pending), (WatchEnd::TakenOver, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_stored_waits_sealed_and_is_not_lost_with_the_file() {
    let (bed, one, _) = two_machines().await;
    let watcher = Watcher::start(one.ravi(&bed), one.options()).watching().await;
    bed.fault(json!({ "path": "/api/*", "status": 503, "times": 1_000_000 })).await;
    one.put(&chatgpt(ACCOUNT, "rt-made-up-1"));
    until("it is told", async || watcher.told(|event| matches!(event, CodexEvent::Failed { .. }))).await;
    let status = one.ravi(&bed).codex().status(&one.options(), None).await.expect("known here");
    assert!(status.pending && status.vault_error.is_some());
    let ended = watcher.stop().await.expect("it ends well");
    assert!(ended.pending);
    assert_eq!(files_with(&one.state, "rt-made-up-1"), Vec::<std::path::PathBuf>::new(), "sealed");
    // The disk is gone, and Ravi comes back.
    std::fs::remove_file(one.file()).expect("gone");
    bed.local(reqwest::Method::DELETE, "faults", None).await;
    let watcher = Watcher::start(one.ravi(&bed), one.options()).watching().await;
    assert_eq!(
        (refresh_token(&one.text()), one.stored_token(&bed).await),
        ("rt-made-up-1".into(), "rt-made-up-1".into())
    );
    // While it runs, it is tried again by itself.
    bed.fault(json!({ "method": "PATCH", "path": "/api/secrets/*", "drop": true, "times": 2 })).await;
    one.put(&chatgpt(ACCOUNT, "rt-made-up-2"));
    until("it is stored", async || one.stored_token(&bed).await == "rt-made-up-2").await;
    // Half a file, as a Codex of old wrote it, and then a whole one.
    std::fs::write(one.file(), "{\"auth_mode\":\"chat").expect("written");
    let damaged = |event: &CodexEvent| matches!(event, CodexEvent::Failed { error } if error.code == "codex.damaged");
    until("it is told", async || watcher.told(damaged)).await;
    one.put(&chatgpt(ACCOUNT, "rt-made-up-3"));
    until("it is stored", async || one.stored_token(&bed).await == "rt-made-up-3").await;
    // Another account's login is not this one's next version.
    one.put(&chatgpt("acct-made-up-2", "rt-other"));
    let other =
        |event: &CodexEvent| matches!(event, CodexEvent::Failed { error } if error.code == "codex.other_account");
    until("it is told", async || watcher.told(other)).await;
    assert_eq!(refresh_token(&one.text()), "rt-other");
    let ended = watcher.stop().await.expect("it ends");
    assert!(!ended.pending);
    assert_eq!(one.stored_token(&bed).await, "rt-made-up-3");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_codex_wrote_last_wins_over_what_waits_though_the_clock_was_put_back() {
    let (bed, one, _) = two_machines().await;
    let watcher = Watcher::start(one.ravi(&bed), one.options()).watching().await;
    let last = chatgpt(ACCOUNT, "rt-made-up-2");
    bed.fault(json!({ "path": "/api/*", "status": 503, "times": 1_000_000 })).await;
    one.put(&chatgpt(ACCOUNT, "rt-made-up-1"));
    until("it is told", async || watcher.told(|event| matches!(event, CodexEvent::Failed { .. }))).await;
    assert!(watcher.stop().await.expect("it ends well").pending);
    one.put(&last);
    bed.local(reqwest::Method::DELETE, "faults", None).await;
    let _watcher = Watcher::start(one.ravi(&bed), one.options()).watching().await;
    assert_eq!((one.text(), one.stored_token(&bed).await), (last, "rt-made-up-2".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_while_codex_holds_one_of_its_locks() {
    let (bed, one, two) = two_machines().await;
    one.codex(&bed, &["save"]).ok();
    for (machine, name) in [(&two, "auth.lock"), (&one, "auth.json.lock")] {
        let _ = std::fs::remove_file(machine.file());
        let lock = std::fs::File::create(machine.home.join(name)).expect("a file");
        lock.lock().expect("nobody has it");
        let ravi = machine.ravi(&bed);
        let options = CodexOptions { take_over: true, ..machine.options() };
        let restore = tokio::spawn(async move { ravi.codex().restore(&options).await });
        // All but the file is done then.
        until("it is the holder", async || machine.stored(&bed).await["holder"]["home"] == json!(machine.home)).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!machine.file().exists(), "{name}");
        drop(lock);
        restore.await.expect("no panic").expect("it goes on");
        assert_eq!(refresh_token(&machine.text()), "rt-made-up-0");
    }
}

/// A job, and the machine that does it, after Codex has refreshed and before anything of that was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Job {
    Save,
    Restore,
    Watch,
    TakeOver,
}

impl Job {
    async fn world(self) -> (Bed, Machine) {
        let (bed, one, two) = two_machines().await;
        one.codex(&bed, &["save"]).ok();
        one.put(&chatgpt(ACCOUNT, "rt-made-up-1"));
        match self {
            Job::TakeOver => {
                one.codex(&bed, &["save"]).ok();
                (bed, two)
            }
            _ => (bed, one),
        }
    }

    fn run(self, bed: &Bed, machine: &Machine, env: &[(&str, String)]) -> (Option<i32>, Run) {
        let mut program = machine.program(bed);
        program.args(match self {
            Job::Save => vec!["codex", "save", "--json"],
            Job::Restore => vec!["codex", "restore", "--json"],
            Job::Watch => vec!["codex", "watch", "--json"],
            Job::TakeOver => vec!["codex", "restore", "--take-over", "--json"],
        });
        program.envs(env.iter().map(|(name, value)| (*name, value.as_str())));
        let mut child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        if self == Job::Watch {
            let mut stderr = BufReader::new(child.stderr.take().expect("its words"));
            let mut line = String::new();
            while stderr.read_line(&mut line).expect("text") > 0 && !line.contains("Watching") {}
            Command::new("kill").arg(child.id().to_string()).status().expect("it runs");
        }
        let output = child.wait_with_output().expect("it ends");
        (output.status.signal(), output.into())
    }
}

/// At each point, and with one more refresh before the next start or without.
async fn crash_everywhere(job: Job) {
    let (bed, machine) = job.world().await;
    let trace = bed.path("trace");
    let tracing = [("RAVI_WORKSPACE_CRASH_TRACE", trace.to_str().expect("text").to_owned())];
    job.run(&bed, &machine, &tracing).1.ok();
    let points = std::fs::read_to_string(&trace).expect("a trace").lines().count();
    assert!(points >= 6, "{points}");
    for point in 1..=points {
        let (bed, machine) = job.world().await;
        let (signal, run) = job.run(&bed, &machine, &[("RAVI_WORKSPACE_CRASH_AT", point.to_string())]);
        assert_eq!(signal, Some(SIGABRT), "{job:?} at {point}: {run:?}");
        let again = point % 2 == 0 && machine.file().exists();
        if again {
            machine.put(&chatgpt(ACCOUNT, "rt-made-up-2"));
        }
        let wanted = if again { "rt-made-up-2" } else { "rt-made-up-1" };
        job.run(&bed, &machine, &[]).1.ok();
        let stored = machine.stored(&bed).await;
        assert_eq!(refresh_token(stored["auth"].as_str().expect("text")), wanted, "{job:?} at {point}");
        assert_eq!(refresh_token(&machine.text()), wanted, "{job:?} at {point}");
        let status = machine.codex(&bed, &["status"]).ok().json();
        assert_eq!((&status["state"], &status["pending"]), (&json!("in_sync"), &json!(false)), "{job:?} at {point}");
        assert_eq!(status["stored"]["holder"]["here"], true);
        let generation = stored["generation"].as_u64().expect("a number");
        assert!((2..=3).contains(&generation), "{job:?} at {point}: {generation}");
    }
    println!("{job:?}: {points} crash points");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_save_may_die_anywhere() {
    crash_everywhere(Job::Save).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_may_die_anywhere() {
    crash_everywhere(Job::Restore).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_may_die_anywhere() {
    crash_everywhere(Job::Watch).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_take_over_may_die_anywhere() {
    crash_everywhere(Job::TakeOver).await;
}

/// Codex's token server, as far as refresh tokens go.
#[derive(Default)]
struct Tokens {
    current: u64,
    reused: Vec<String>,
}

/// A machine whose Codex refreshes, and perhaps a watcher.
struct Agent {
    machine: Machine,
    watcher: Option<Watcher>,
    /// Codex runs from when the watcher said so until the host app is told to stop it.
    codex: Arc<Mutex<bool>>,
}

struct Dice(u64);

impl Dice {
    /// A number below `sides`; xorshift64.
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

struct World<'a> {
    bed: &'a Bed,
    agents: [Agent; 2],
    tokens: Arc<Mutex<Tokens>>,
    round: u64,
    name: String,
}

impl World<'_> {
    fn token(&self, number: u64) -> String {
        format!("rt-made-up-{}-{number}", self.round)
    }

    fn options(&self, agent: usize) -> CodexOptions {
        let patience = Some(Duration::from_secs(2));
        CodexOptions { name: Some(self.name.clone()), patience, ..self.agents[agent].machine.options() }
    }

    fn running(&self) -> Vec<usize> {
        (0..2).filter(|agent| *self.agents[*agent].codex.lock().expect("whole")).collect()
    }

    /// Codex refreshes, where it runs or soon does.
    async fn refresh_somewhere(&mut self, dice: &mut Dice) {
        for _ in 0..20 {
            match self.running()[..] {
                [] => tokio::time::sleep(Duration::from_millis(20)).await,
                [one] => return self.refresh(one),
                _ => return self.refresh(dice.roll(2) as usize),
            }
        }
    }

    /// The token of its file is spent, and the next one written.
    fn refresh(&mut self, agent: usize) {
        let agent = &self.agents[agent];
        let runs = agent.codex.lock().expect("whole");
        if !*runs || !agent.machine.file().exists() {
            return;
        }
        let mut tokens = self.tokens.lock().expect("whole");
        let shown = refresh_token(&agent.machine.text());
        if shown != self.token(tokens.current) {
            tokens.reused.push(shown);
            return;
        }
        tokens.current += 1;
        agent.machine.put(&chatgpt(ACCOUNT, &self.token(tokens.current)));
    }

    fn start(&mut self, agent: usize, take_over: bool) {
        if self.agents[agent].watcher.as_ref().is_some_and(|watcher| !watcher.has_ended()) {
            return;
        }
        let runs = self.agents[agent].codex.clone();
        let host = move |event: &CodexEvent| match event {
            CodexEvent::Watching { .. } => *runs.lock().expect("whole") = true,
            CodexEvent::Yielding { .. } | CodexEvent::TakenOver { .. } => *runs.lock().expect("whole") = false,
            _ => {}
        };
        let options = CodexOptions { take_over, ..self.options(agent) };
        let ravi = self.agents[agent].machine.ravi(self.bed);
        self.agents[agent].watcher = Some(Watcher::start_with(ravi, options, host));
    }

    async fn act(&mut self, dice: &mut Dice) -> String {
        let agent = dice.roll(2) as usize;
        let what = dice.roll(14);
        match what {
            0..=3 | 10.. => self.refresh_somewhere(dice).await,
            4 => {
                if let Some(watcher) = self.agents[agent].watcher.take() {
                    watcher.kill().await;
                }
            }
            5 => self.start(agent, false),
            6 => self.start(agent, true),
            7 => {
                let fault = if dice.roll(2) == 0 { "drop" } else { "lost_reply" };
                let times = 1 + dice.roll(3);
                self.bed.fault(json!({ "path": "/api/secrets/*", fault: true, "times": times })).await;
            }
            8 => {
                let options = self.options(agent);
                let _ = self.agents[agent].machine.ravi(self.bed).codex().restore(&options).await;
            }
            _ => tokio::time::sleep(Duration::from_millis(dice.roll(300))).await,
        }
        format!("{agent}:{what}")
    }

    fn check(&self, trail: &[String]) {
        let tokens = self.tokens.lock().expect("whole");
        assert!(tokens.reused.is_empty(), "round {}: reused {:?} after {trail:?}", self.round, tokens.reused);
    }

    /// Everything runs again, and ends with the newest token in the vault and at one machine.
    async fn settle(&mut self, trail: &[String]) {
        self.bed.local(reqwest::Method::DELETE, "faults", None).await;
        let wanted = self.token(self.tokens.lock().expect("whole").current);
        until(&format!("round {} settles after {trail:?}", self.round), async || {
            for agent in 0..2 {
                self.start(agent, false);
            }
            let with_file = self.agents.iter().filter(|agent| agent.machine.file().exists()).count();
            let stored = self.agents[0].machine.ravi(self.bed).secrets().refresh(&self.name).await;
            let stored = stored.map(|text| {
                let text = secrecy::ExposeSecret::expose_secret(&text).to_owned();
                let record: Value = serde_json::from_str(&text).expect("a record");
                refresh_token(record["auth"].as_str().expect("text"))
            });
            stored.is_ok_and(|stored| stored == wanted) && with_file == 1
        })
        .await;
        self.check(trail);
        for agent in &mut self.agents {
            if let Some(watcher) = agent.watcher.take() {
                watcher.kill().await;
            }
        }
    }
}

/// `RAVI_TEST_CODEX_ROUNDS` runs more of them; `RAVI_TEST_CODEX_SEED` begins elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn no_interleaving_reuses_or_loses_a_token() {
    let number = |name: &str, or: u64| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(or);
    let (rounds, seed) = (number("RAVI_TEST_CODEX_ROUNDS", 6), number("RAVI_TEST_CODEX_SEED", 1));
    let (bed, one, two) = two_machines().await;
    let mut refreshed = 0;
    for round in seed..seed + rounds {
        let mut dice = Dice(round.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let agents = [&one, &two].map(|machine| {
            let home = machine.home.join(round.to_string());
            std::fs::create_dir_all(&home).expect("a folder");
            let machine = Machine { home, ..machine.clone() };
            Agent { machine, watcher: None, codex: Arc::default() }
        });
        let name = format!("CODEX_ROUND_{round}");
        let mut world = World { bed: &bed, agents, tokens: Arc::default(), round, name };
        world.agents[0].machine.put(&chatgpt(ACCOUNT, &world.token(0)));
        world.start(0, false);
        until("Codex runs", async || !world.running().is_empty()).await;
        let mut trail = Vec::new();
        for _ in 0..24 {
            trail.push(world.act(&mut dice).await);
            world.check(&trail);
        }
        world.settle(&trail).await;
        refreshed += world.tokens.lock().expect("whole").current;
    }
    println!("{rounds} interleavings, {refreshed} refreshes, none reused, none lost");
}
