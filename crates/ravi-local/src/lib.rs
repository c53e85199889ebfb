//! The stand-in Ravi: an HTTP server on the loopback address that behaves like Ravi's API.
//!
//! It is for trying out, developing and testing, and is not a vault: values are stored in the clear. It has its own
//! types for everything on the wire and must not know `crate::api`, so that a mistake in our client shows here.
//!
//! Its replies have the form that every official client accepts: bare arrays, and strings where versions differ. If
//! Ravi's own behaviour is unknown or varies, a switch of `/_local/limits` chooses.
//!
//! Under `/_local/` are the controls that Ravi itself does not have: deliver mail and SMS, decide on a device login,
//! count calls, plan faults, set limits, change things as somebody else would, show the state. They require no key.
//! `docs/ravi-local.md` lists them.
//!
//! ```
//! # async fn example() -> Result<(), ravi_local::LocalError> {
//! use ravi_local::{Options, Server};
//!
//! let server = Server::start(Options::default()).await?;
//! println!("{}", server.base_url());
//! server.stop().await;
//! # Ok(())
//! # }
//! ```

mod address;
mod attachments;
mod body;
mod caller;
mod calls;
mod channels;
mod compose;
mod contacts;
mod control;
mod device;
mod elsewhere;
mod email;
mod events;
mod faults;
mod folder;
mod gate;
mod identities;
mod keys;
mod limits;
mod lists;
mod live;
mod mime;
mod page;
mod passwords;
mod problem;
mod routes;
mod secrets;
mod sms;
mod smtp;
mod socket;
mod sso;
mod store;
mod token;
mod voice;
mod voice_agent;
mod webhooks;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use calls::Calls;
use faults::Faults;
use limits::{Late, Limits};
use socket::{Socket, Switch};
use store::Store;

/// The domain of invented addresses. It is reserved for tests, so that no mail to it can leave the machine.
pub const DOMAIN: &str = "raviapp.test";

/// How long [`Server::stop`] waits for calls that are being answered.
const STOP_LIMIT: Duration = Duration::from_secs(3);

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// The port is in use or not allowed.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The port that was requested.
        port: u16,
        /// What the operating system said.
        source: io::Error,
    },
    /// The data folder or a file in it cannot be made, read or written.
    #[error("cannot use the data folder {}: {source}", path.display())]
    DataDir {
        /// The folder or file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The database in the data folder is not a database, or is locked.
    #[error("cannot use the database: {0}")]
    Database(#[from] rusqlite::Error),
    /// The data folder was written by another version.
    #[error("the data folder has schema version {found}, this program knows version {known}")]
    SchemaVersion {
        /// The version of the folder.
        found: i64,
        /// The version that this program writes.
        known: i64,
    },
}

/// What the account has room for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Plan {
    /// Any number of identities, and none at the start.
    #[default]
    Unlimited,
    /// One identity, made by the sign-up, with an address and a phone number: like most users' accounts.
    Free,
    /// The same identity, and room for any number of others: as after the first payment.
    Paid,
}

/// An identity of the account.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct AccountIdentity {
    /// Its identifier.
    pub uuid: String,
    /// Its name.
    pub name: String,
    /// Its mail address.
    pub inbox: String,
    /// Its phone number, if it has one.
    pub phone: Option<String>,
}

/// Options of the server.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// Where the state is kept, so that it survives a restart; `None` keeps it in memory.
    pub data_dir: Option<PathBuf>,
    /// How long every API call takes at least, in milliseconds. Simultaneous calls wait simultaneously.
    pub latency_ms: u64,
    /// The port on 127.0.0.1 that accepts mail by SMTP; 0 takes any free one, `None` accepts no mail.
    pub smtp_port: Option<u16>,
    /// The account's management key; `None` takes the one in the data folder, or makes one.
    pub management_key: Option<SecretString>,
    /// What the account has room for.
    pub plan: Plan,
    /// Further names, besides the loopback ones, under which the server answers, and whose pages may call it.
    pub hosts: Vec<String>,
}

/// What the handlers share.
struct App {
    store: Store,
    calls: Calls,
    faults: Faults,
    base_url: String,
    latency: Duration,
    plan: Plan,
    hosts: Vec<String>,
    limits: Mutex<Limits>,
    late: Late,
    /// Notified when something has changed that events may report.
    happened: watch::Sender<()>,
    live: live::Live,
    /// Notified of every decision on a device login, so that long polls look again.
    device_decided: watch::Sender<()>,
    stopping: watch::Receiver<bool>,
}

impl App {
    /// Returns the switches as they are now.
    fn limits(&self) -> Limits {
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, but not beyond the server's stop.
    async fn pause(&self, time: Duration) {
        if time.is_zero() {
            return;
        }
        let mut stopping = self.stopping.clone();
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            _ = stopping.wait_for(|stop| *stop) => {}
        }
    }
}

/// A running stand-in. Dropping it stops it too, without waiting.
pub struct Server {
    base_url: String,
    smtp: Option<SocketAddr>,
    management_key: SecretString,
    identity: Option<AccountIdentity>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts a server on 127.0.0.1, in the current tokio runtime.
    pub async fn start(options: Options) -> Result<Server, LocalError> {
        let data_dir = options.data_dir.as_deref();
        if let Some(dir) = data_dir {
            folder::create_private_folder(dir).map_err(|e| data_dir_error(dir, e))?;
        }
        let store = Store::open(data_dir)?;
        let management_key = settle_management_key(&store, data_dir, options.management_key)?;
        let identity = settle_identity(&store, options.plan)?;
        let (listener, base_url) = listen(options.port).await?;
        let smtp = match options.smtp_port {
            Some(port) => Some(bind(port).await?),
            None => None,
        };
        let (stop, stopping) = watch::channel(false);
        let app = Arc::new(App {
            store,
            calls: Calls::new(),
            faults: Faults::default(),
            base_url: base_url.clone(),
            latency: Duration::from_millis(options.latency_ms),
            plan: options.plan,
            hosts: options.hosts,
            limits: Mutex::new(Limits::of(options.plan)),
            late: Late::default(),
            happened: watch::Sender::new(()),
            live: live::Live::default(),
            device_decided: watch::Sender::new(()),
            stopping: stopping.clone(),
        });
        let smtp = smtp.map(|(listener, address)| {
            tokio::spawn(smtp::serve(listener, Arc::clone(&app)));
            address
        });
        let task = tokio::spawn(serve(Socket(listener), app, stopping));
        Ok(Server { base_url, smtp, management_key, identity, stop, task })
    }

    /// Returns the address of the API, `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn base_url(&self) -> String {
        self.base_url.clone()
    }

    /// Returns where mail is accepted by SMTP, if it is.
    pub fn smtp_address(&self) -> Option<SocketAddr> {
        self.smtp
    }

    /// Returns a key for the whole account.
    pub fn management_key(&self) -> SecretString {
        self.management_key.clone()
    }

    /// Returns the identity that the account had at the start: on [`Plan::Free`] its only one, else the oldest.
    pub fn identity(&self) -> Option<&AccountIdentity> {
        self.identity.as_ref()
    }

    /// Stops: accepts no more calls, ends those that wait, and returns when all are answered.
    pub async fn stop(self) {
        // An error means that the server has ended already.
        let _ = self.stop.send(true);
        let mut task = self.task;
        if tokio::time::timeout(STOP_LIMIT, &mut task).await.is_err() {
            task.abort();
        }
    }
}

fn data_dir_error(path: &Path, source: io::Error) -> LocalError {
    LocalError::DataDir { path: path.to_owned(), source }
}

async fn listen(port: u16) -> Result<(TcpListener, String), LocalError> {
    let (listener, address) = bind(port).await?;
    Ok((listener, format!("http://{address}")))
}

async fn bind(port: u16) -> Result<(TcpListener, SocketAddr), LocalError> {
    let failed = |source| LocalError::Listen { port, source };
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// Returns the given key, else that of the last run, else a new one, and makes sure that it is valid.
fn settle_management_key(
    store: &Store,
    data_dir: Option<&Path>,
    given: Option<SecretString>,
) -> Result<SecretString, LocalError> {
    let kept = match data_dir {
        Some(dir) => folder::read_management_key(dir).map_err(|e| data_dir_error(dir, e))?,
        None => None,
    };
    let key = store.write(|db| match (given, kept) {
        (Some(given), _) => keys::admit_management_key(db, &given).map(|()| given),
        (None, Some(kept)) if keys::is_live(db, &kept)? => Ok(kept),
        _ => {
            let new = token::management_key();
            keys::admit_management_key(db, &new).map(|()| new)
        }
    })?;
    if let Some(dir) = data_dir {
        folder::write_management_key(dir, &key).map_err(|e| data_dir_error(dir, e))?;
    }
    Ok(key)
}

/// Returns the account's identity, made first if its plan comes with one.
fn settle_identity(store: &Store, plan: Plan) -> Result<Option<AccountIdentity>, LocalError> {
    store.write(|db| {
        if plan != Plan::Unlimited {
            identities::sign_up(db)?;
        }
        Ok(identities::oldest(db)?)
    })
}

async fn serve(socket: Socket, app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    let service = routes::router(app).into_make_service_with_connect_info::<Switch>();
    let stopped = async move {
        // An error means that the `Server` was dropped, which also stops it.
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    if let Err(error) = axum::serve(socket, service).with_graceful_shutdown(stopped).await {
        tracing::error!(%error, "the server ended");
    }
}
