//! A real sshd that lets one person's key in and writes down who came for what.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Bed;

const SSHD: &str = "/usr/sbin/sshd";

pub struct SshServer {
    child: Child,
    pub port: u16,
    folder: PathBuf,
}

impl SshServer {
    /// `None`, with the reason said, where there is no sshd. The person's key is set up for git in `bed` as their own
    /// `core.sshCommand`, with the name `github-work` for this machine.
    pub fn start(bed: &Bed) -> Option<SshServer> {
        if !Path::new(SSHD).exists() {
            println!("skipped: there is no {SSHD}; scripts/setup test installs openssh-server");
            return None;
        }
        let folder = bed.path("ssh");
        std::fs::create_dir(&folder).expect("a folder");
        mode(&folder, 0o700);
        for key in ["host", "person"] {
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.join(key));
            assert!(keygen.status().expect("ssh-keygen starts").success());
        }
        let port = free_port();
        let note = folder.join("came");
        let script = folder.join("serve");
        let text = format!(
            "#!/bin/sh\necho \"$SSH_ORIGINAL_COMMAND\" >> '{}'\nexec git-shell -c \"$SSH_ORIGINAL_COMMAND\"\n",
            note.display()
        );
        std::fs::write(&script, text).expect("a script");
        mode(&script, 0o755);
        let key = std::fs::read_to_string(folder.join("person.pub")).expect("a key");
        std::fs::write(folder.join("authorized"), format!("command=\"{}\" {key}", script.display())).expect("a file");
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n\
             PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\nAcceptEnv GIT_PROTOCOL\n",
            folder = folder.display()
        );
        std::fs::write(folder.join("sshd_config"), config).expect("a file");
        // It wants this folder where it was packaged for a service manager.
        let _ = std::fs::create_dir_all("/run/sshd");
        let mut sshd = Command::new(SSHD);
        sshd.arg("-D").arg("-f").arg(folder.join("sshd_config")).stdin(Stdio::null()).stderr(Stdio::null());
        let child = sshd.spawn().expect("sshd starts");
        let server = SshServer { child, port, folder };
        server.wait();
        server.let_person_in(bed);
        Some(server)
    }

    fn wait(&self) {
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "sshd does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn let_person_in(&self, bed: &Bed) {
        let folder = self.folder.display();
        let user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
        let config = format!(
            "Host github-work 127.0.0.1\n  HostName 127.0.0.1\n  Port {port}\n  User {user}\n  IdentityFile {folder}/person\n  \
             IdentitiesOnly yes\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n",
            port = self.port
        );
        std::fs::write(self.folder.join("config"), config).expect("a file");
        let line = format!("ssh -F {folder}/config");
        bed.git(&bed.path(""), &["config", "--global", "core.sshCommand", &line]);
    }

    /// What came over ssh, which is the person each time.
    pub fn came(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.join("came")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

impl Drop for SshServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}
