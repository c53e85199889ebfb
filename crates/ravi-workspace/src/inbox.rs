//! `ravi-workspace inbox …`: messages of a workspace. Texts to send come from standard input. What strangers wrote is
//! printed without anything that a terminal would take for a command.

use std::io::{self, Read as _};
use std::process::ExitCode;

use clap::Subcommand;

use super::output::{Output, line, say, table};
use ravi_workspace_core::inbox::{
    FoundCode, InboxItem, InboxMessage, MailThread, MailThreadDetail, MessageFilter, MessageKind, OutgoingMail,
    SmsConversation, SmsConversationDetail, WaitRequest, Want,
};
use ravi_workspace_core::{Ravi, Result};
use ravi_workspace_helper::InputError;

/// The most that is read from standard input, in bytes.
const LARGEST_TEXT: u64 = 1024 * 1024;

#[derive(Debug, Subcommand)]
pub(super) enum Inbox {
    /// Show the newest messages, oldest first
    List {
        /// A path in the workspace, or its id
        path: String,
        #[command(flatten)]
        filter: Filter,
        /// Only unread messages
        #[arg(long)]
        unread: bool,
        /// At most this many
        #[arg(long, value_name = "N")]
        limit: Option<u32>,
    },
    /// Show one message; HTML is shown as text
    Get {
        /// A path in the workspace, or its id
        path: String,
        /// Id of the message, such as email:12
        id: String,
    },
    /// Show the mail threads, or one with its messages
    Threads {
        /// A path in the workspace, or its id
        path: String,
        /// Id of the thread
        id: Option<String>,
    },
    /// Show the conversations by text message, or one with its messages
    Conversations {
        /// A path in the workspace, or its id
        path: String,
        /// Id of the conversation
        id: Option<String>,
    },
    /// Print the cursor that a wait takes as --since: run it before you request the message
    Fence {
        /// A path in the workspace, or its id
        path: String,
    },
    /// Wait for the next message that matches, and print it, its code or its link
    Wait {
        /// A path in the workspace, or its id
        path: String,
        /// Print the one-time code in it
        #[arg(long, conflicts_with = "link")]
        code: bool,
        /// Print the verification link in it
        #[arg(long)]
        link: bool,
        /// Longest wait in seconds
        #[arg(long, value_name = "S", default_value_t = 120)]
        timeout: u32,
        /// Only messages after this cursor, from `inbox fence`; by default those that arrive from now on
        #[arg(long, value_name = "CURSOR")]
        since: Option<i64>,
        #[command(flatten)]
        filter: Filter,
        /// Also print a code or link that an earlier wait printed
        #[arg(long)]
        again: bool,
    },
    /// Mark a message as read
    MarkRead {
        /// A path in the workspace, or its id
        path: String,
        /// Id of the message, such as email:12
        id: String,
    },
    /// Send a mail, or a text message to a number; the text is read from standard input
    Send {
        /// A path in the workspace, or its id
        path: String,
        /// Mail address, or phone number that begins with +
        #[arg(long)]
        to: String,
        /// Subject of a mail
        #[arg(long, default_value = "")]
        subject: String,
        /// Address for a copy
        #[arg(long, value_name = "ADDRESS")]
        cc: Vec<String>,
    },
    /// Reply to a message; the text is read from standard input
    Reply {
        /// A path in the workspace, or its id
        path: String,
        /// Id of the message, such as email:12
        id: String,
        /// Reply to everybody who got it
        #[arg(long)]
        all: bool,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Filter {
    /// Sender: an address or number, a domain, or (without dot or @) the sender's name
    #[arg(long, value_name = "SENDER")]
    from: Option<String>,
    /// Recipient, in the same forms
    #[arg(long, value_name = "RECIPIENT")]
    to: Option<String>,
    /// Part of the subject
    #[arg(long, value_name = "PART")]
    subject: Option<String>,
    /// Part of the text
    #[arg(long, value_name = "PART")]
    text: Option<String>,
    /// Only mails, or only text messages
    #[arg(long, value_name = "email|sms")]
    kind: Option<MessageKind>,
}

impl From<Filter> for MessageFilter {
    fn from(filter: Filter) -> MessageFilter {
        let Filter { from, to, subject, text, kind } = filter;
        MessageFilter { from, to, subject, text, kind, ..MessageFilter::default() }
    }
}

pub(super) async fn run(ravi: &Ravi, command: Inbox, output: Output) -> Result<ExitCode> {
    match command {
        Inbox::List { path, filter, unread, limit } => {
            let filter = MessageFilter { unread, limit, ..filter.into() };
            output.answer(&ravi.inbox(&path).list(&filter).await?, |items| items_text(items));
        }
        Inbox::Get { path, id } => output.answer(&ravi.inbox(&path).get(&id).await?, message_text),
        Inbox::Threads { path, id: None } => {
            output.answer(&ravi.inbox(&path).threads().await?, |all| threads_text(all))
        }
        Inbox::Threads { path, id: Some(id) } => output.answer(&ravi.inbox(&path).thread(&id).await?, thread_text),
        Inbox::Conversations { path, id: None } => {
            output.answer(&ravi.inbox(&path).conversations().await?, |all| conversations_text(all));
        }
        Inbox::Conversations { path, id: Some(id) } => {
            output.answer(&ravi.inbox(&path).conversation(&id).await?, conversation_text);
        }
        Inbox::Fence { path } => output.answer(&ravi.inbox(&path).fence().await?, |fence| fence.cursor.to_string()),
        Inbox::Wait { path, code, link, timeout, since, filter, again } => {
            let request = WaitRequest { filter: filter.into(), since, timeout_seconds: Some(timeout), again };
            let want = match (code, link) {
                (false, false) => {
                    output.answer(&ravi.inbox(&path).wait(&request).await?, message_text);
                    return Ok(ExitCode::SUCCESS);
                }
                (_, true) => Want::Link,
                _ => Want::Code,
            };
            return Ok(found(&ravi.inbox(&path).wait_code(&request, want).await?, want, output));
        }
        Inbox::MarkRead { path, id } => {
            output.answer(&ravi.inbox(&path).mark_read(&id).await?, |item| format!("Marked {} as read.", item.id));
        }
        Inbox::Send { path, to, subject, cc } => {
            let text = read_text()?;
            let sent = match to.starts_with('+') {
                true => ravi.inbox(&path).send_sms(&to, &text).await?,
                false => ravi.inbox(&path).send_mail(OutgoingMail { to, subject, text, cc, bcc: Vec::new() }).await?,
            };
            output.answer(&sent, |item| format!("Sent {} to {}.", item.id, line(&item.to)));
        }
        Inbox::Reply { path, id, all } => {
            let sent = ravi.inbox(&path).reply(&id, read_text()?, all).await?;
            output.answer(&sent, |item| format!("Sent {} to {}.", item.id, line(&item.to)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints what was found. An uncertain code or link is no success: a script must not go on with it.
fn found(found: &FoundCode, want: Want, output: Output) -> ExitCode {
    if !found.confident {
        say(&format!("The time is up, and it is uncertain what {} holds. Candidates, best first:", found.message.id));
    }
    output.answer(found, |found| match (want, &found.code, &found.link) {
        (Want::Code, Some(code), _) => line(&code.value),
        (Want::Link, _, Some(link)) => line(&link.url),
        _ => {
            let rows = found.candidates.iter().map(|candidate| {
                vec![candidate.score.to_string(), line(&candidate.value), candidate.reasons.join("; ")]
            });
            table(&["SCORE", "CANDIDATE", "BECAUSE"], &rows.collect::<Vec<_>>(), "None.")
        }
    });
    match found.confident {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Reads all of standard input, which is the text to send.
fn read_text() -> Result<String> {
    let bad = |reason: String| InputError::Unusable { reason };
    let mut text = String::new();
    io::stdin().take(LARGEST_TEXT + 1).read_to_string(&mut text).map_err(|e| bad(e.to_string()))?;
    match text.len() as u64 {
        0 => Err(bad("it is empty".into()).into()),
        1..=LARGEST_TEXT => Ok(text),
        _ => Err(bad("it is larger than 1 MiB".into()).into()),
    }
}

fn items_text(items: &[InboxItem]) -> String {
    let rows = items.iter().map(|item| {
        let mark = if item.read { " " } else { "*" };
        let what = if item.subject.is_empty() { &item.preview } else { &item.subject };
        [mark, &item.id, item.at.as_deref().unwrap_or_default(), &item.sender(), what].map(line).to_vec()
    });
    table(&["", "ID", "WHEN", "FROM", "SUBJECT"], &rows.collect::<Vec<_>>(), "No messages.")
}

fn message_text(message: &InboxMessage) -> String {
    let item = &message.item;
    let mut lines = vec![format!("From:    {}", line(&item.sender())), format!("To:      {}", line(&item.to))];
    let named = [("Cc:      ", &message.cc), ("Subject: ", &item.subject)];
    lines.extend(named.iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| format!("{name}{}", line(text))));
    lines.extend(item.at.as_deref().map(|at| format!("When:    {}", line(at))));
    lines.extend(message.files.iter().map(|file| {
        let size = file.size.map_or_else(String::new, |size| format!(", {size} bytes"));
        format!("File:    {} ({}{size})", line(&file.filename), line(&file.content_type))
    }));
    format!("{}\n\n{}", lines.join("\n"), message.text.trim_end())
}

fn threads_text(threads: &[MailThread]) -> String {
    let rows = threads.iter().map(|thread| {
        let count = format!("{}/{}", thread.unread, thread.messages);
        [&thread.id, thread.at.as_deref().unwrap_or_default(), &count, &thread.from, &thread.subject].map(line).to_vec()
    });
    table(&["ID", "WHEN", "UNREAD", "FROM", "SUBJECT"], &rows.collect::<Vec<_>>(), "No threads.")
}

fn thread_text(thread: &MailThreadDetail) -> String {
    messages_text(&thread.messages)
}

fn conversations_text(conversations: &[SmsConversation]) -> String {
    let rows = conversations.iter().map(|conversation| {
        let count = format!("{}/{}", conversation.unread, conversation.messages);
        let at = conversation.at.as_deref().unwrap_or_default();
        [&conversation.id, at, &count, &conversation.number, &conversation.preview].map(line).to_vec()
    });
    table(&["ID", "WHEN", "UNREAD", "NUMBER", "LATEST"], &rows.collect::<Vec<_>>(), "No conversations.")
}

fn conversation_text(conversation: &SmsConversationDetail) -> String {
    messages_text(&conversation.messages)
}

fn messages_text(messages: &[InboxMessage]) -> String {
    messages.iter().map(message_text).collect::<Vec<_>>().join("\n\n----\n\n")
}
