//! `provision`, and how a workspace that was set up is shown.

use std::path::PathBuf;

use super::output::{Output, line, path as shown_path, say_warnings};
use super::progress::Steps;
use ravi_workspace_core::workspace::{GithubInfo, GithubSource, ProvisionRequest, Provisioned, Sharing, Step};
use ravi_workspace_core::{Ravi, Result};

#[derive(Debug, clap::Args)]
pub(super) struct ProvisionWish {
    /// Folder the agent works in: the top of a worktree, or a folder in no repository
    path: PathBuf,
    /// The app's id for the workspace; by default the id that the folder is bound under, or a new one
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    id: Option<String>,
    /// Its name for people, and the author of its commits
    #[arg(long)]
    name: String,
    /// Also ask for a phone number (may cost money)
    #[arg(long)]
    phone: bool,
    /// The part before the @ of the address to ask for
    #[arg(long, value_name = "LOCAL_PART")]
    email: Option<String>,
    /// Domain of that address, if the account has several
    #[arg(long, value_name = "DOMAIN", requires = "email")]
    domain: Option<String>,
    /// Use this identity of the account instead of making one
    #[arg(long, value_name = "NAME|UUID|ADDRESS")]
    identity: Option<String>,
    /// Let several workspaces use the identity; without --identity, the one that holds the app's own secrets
    #[arg(long)]
    share: bool,
    /// Give it no key: author, GitHub login and env file only
    #[arg(long)]
    no_key: bool,
    /// File below the worktree that gets AGENT_EMAIL, AGENT_PHONE and RAVI_IDENTITY
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Secret that holds the workspace's GitHub token
    #[arg(long, value_name = "KEY")]
    github_secret: Option<String>,
    /// Make a key that signs the workspace's commits
    #[arg(long)]
    sign: bool,
    /// Allow the main checkout of a repository: commits and GitHub calls in it are then the agent's
    #[arg(long)]
    main: bool,
    /// If the folder is bound under another id, make this id an alias of it
    #[arg(long)]
    join: bool,
    /// Release it automatically after this time, such as 90s, 30m, 8h or 7d
    #[arg(long, value_name = "TIME", value_parser = super::lifetimes::seconds)]
    ttl: Option<u64>,
}

impl From<ProvisionWish> for ravi_workspace_core::ProvisionRequest {
    fn from(wish: ProvisionWish) -> Self {
        ravi_workspace_core::ProvisionRequest {
            phone: wish.phone,
            email: wish.email,
            domain: wish.domain,
            identity: wish.identity,
            share: wish.share,
            no_key: wish.no_key,
            env_file: wish.env_file,
            github_secret: wish.github_secret,
            sign: wish.sign,
            ttl_s: wish.ttl,
            main: wish.main,
            join: wish.join,
            ..ravi_workspace_core::ProvisionRequest::new(wish.path, wish.id.unwrap_or_default(), wish.name)
        }
    }
}

pub(super) async fn provision(ravi: &Ravi, request: ProvisionRequest, output: Output) -> Result<()> {
    let steps = Steps::new(&request.id, Step::PROVISION);
    let provisioned = ravi.workspaces().provision(request, |progress| steps.tell(&progress)).await;
    steps.end();
    let provisioned = provisioned?;
    say_warnings(&provisioned.warnings);
    output.answer(&provisioned, provisioned_text);
    Ok(())
}

pub(super) fn provisioned_text(done: &Provisioned) -> String {
    let author = match &done.git {
        Some(git) => line(&format!("{} <{}>", git.user_name, git.user_email)),
        None => "none; the folder is in no git repository".to_owned(),
    };
    let phone = done.identity.phone.as_deref().unwrap_or("none");
    let mut text = format!(
        "Workspace {} is ready.\n  folder: {}\n  email:  {}\n  phone:  {phone}\n  author: {author}\n  GitHub: {}",
        done.id,
        shown_path(&done.path),
        line(&done.identity.email),
        github_text(&done.github)
    );
    if let Some(sharing) = &done.sharing {
        text += &format!("\n  shared: {}", sharing_text(sharing, &done.identity.name, done.key));
    }
    if !done.key {
        text += "\n  key:    none; it has no inbox and no vault";
    }
    text
}

pub(super) fn sharing_text(sharing: &Sharing, name: &str, key: bool) -> String {
    let mut who: Vec<String> = Vec::new();
    if sharing.host {
        who.push("the app's own secrets".to_owned());
    }
    if !sharing.with.is_empty() {
        who.push(format!("workspaces {}", sharing.with.join(", ")));
    }
    let with = if who.is_empty() { String::new() } else { format!(", together with {}", who.join(" and ")) };
    let kept = if sharing.borrowed { "; it stays as it is when the workspace is released" } else { "" };
    let what = if key { "address, inbox, phone and vault" } else { "address" };
    format!("{what} of {name}{with}{kept}")
}

pub(super) fn github_text(github: &GithubInfo) -> String {
    let secret = github.secret.as_deref().unwrap_or_default();
    match github.source {
        GithubSource::Workspace => format!("token of its own ({secret})"),
        GithubSource::Host => format!("token of the host identity ({secret})"),
        GithubSource::Inherited => "inherited: your own login".to_owned(),
        GithubSource::Denied => "none, and yours is denied".to_owned(),
    }
}
