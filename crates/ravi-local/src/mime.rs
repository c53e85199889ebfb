//! Reads a mail on the wire, as far as an inbox shows it. Parsed by `mail-parser`.

use mail_parser::{Address, HeaderValue, Message, MessageParser, MimeHeaders as _, PartType};

use super::compose::{self, Mail};

/// A mail that arrived by SMTP.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) mail: Mail,
    /// The `Message-ID` that it replies to.
    pub(super) in_reply_to: Option<String>,
    pub(super) files: Vec<File>,
}

/// A file attached to it.
#[derive(Debug)]
pub(super) struct File {
    pub(super) filename: String,
    pub(super) content_type: String,
    pub(super) content: Vec<u8>,
}

/// Reads a mail; `None` if it is not one.
pub(super) fn parse(bytes: &[u8]) -> Option<Letter> {
    let message = MessageParser::default().parse(bytes)?;
    let sender = message.from().or_else(|| message.sender()).and_then(Address::first);
    let message_id = message.message_id().map(|id| format!("<{id}>")).unwrap_or_else(compose::new_message_id);
    let mail = Mail {
        from_email: sender.and_then(|sender| sender.address()).unwrap_or_default().to_owned(),
        from_display_name: sender.and_then(|sender| sender.name()).unwrap_or_default().to_owned(),
        cc: message.cc().map(addresses).unwrap_or_default(),
        subject: message.subject().unwrap_or_default().to_owned(),
        text: text(&message),
        html: html(&message),
        thread_id: message_id.clone(),
        message_id,
        ..Mail::default()
    };
    Some(Letter { mail, in_reply_to: in_reply_to(&message), files: files(&message) })
}

fn addresses(list: &Address<'_>) -> Vec<String> {
    list.iter().filter_map(|address| address.address().map(str::to_owned)).collect()
}

/// Returns the text parts, without the text that the library would make from HTML.
fn text(message: &Message<'_>) -> String {
    let parts = message.text_bodies().filter_map(|part| match &part.body {
        PartType::Text(text) => Some(text.as_ref()),
        _ => None,
    });
    parts.collect::<Vec<_>>().join("\n")
}

fn html(message: &Message<'_>) -> String {
    let parts = message.html_bodies().filter_map(|part| match &part.body {
        PartType::Html(html) => Some(html.as_ref()),
        _ => None,
    });
    parts.collect::<Vec<_>>().join("\n")
}

fn in_reply_to(message: &Message<'_>) -> Option<String> {
    let id = match message.in_reply_to() {
        HeaderValue::Text(id) => Some(id),
        HeaderValue::TextList(ids) => ids.first(),
        _ => None,
    };
    id.map(|id| format!("<{id}>"))
}

fn files(message: &Message<'_>) -> Vec<File> {
    let file = |part: &mail_parser::MessagePart<'_>| File {
        filename: part.attachment_name().unwrap_or("attachment").to_owned(),
        content_type: match part.content_type() {
            Some(kind) => format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("octet-stream")),
            None => "application/octet-stream".to_owned(),
        },
        content: part.contents().to_vec(),
    };
    message.attachments().map(file).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_taken_apart() {
        let letter = parse(
            b"From: =?utf-8?B?w4Rjw6k=?= <noreply@example.com>\r\nTo: a@raviapp.test\r\nCc: b@example.com, c@example.com\r\n\
              Subject: =?utf-8?Q?Your_code_=E2=9C=93?=\r\nMessage-ID: <1@example.com>\r\nIn-Reply-To: <0@example.com>\r\n\
              MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=M\r\n\r\n--M\r\n\
              Content-Type: multipart/alternative; boundary=A\r\n\r\n--A\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\
              Content-Transfer-Encoding: quoted-printable\r\n\r\ncaf=E9 123456\r\n--A\r\nContent-Type: text/html\r\n\r\n\
              <b>123456</b>\r\n--A--\r\n--M\r\nContent-Type: application/pdf\r\n\
              Content-Disposition: attachment; filename=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--M--\r\n",
        )
        .unwrap();
        let mail = &letter.mail;
        assert_eq!((mail.from_email.as_str(), mail.from_display_name.as_str()), ("noreply@example.com", "Äcé"));
        assert_eq!((mail.subject.as_str(), mail.cc.len()), ("Your code ✓", 2));
        assert_eq!((mail.text.trim(), mail.html.trim()), ("café 123456", "<b>123456</b>"));
        assert_eq!(
            (mail.message_id.as_str(), letter.in_reply_to.as_deref()),
            ("<1@example.com>", Some("<0@example.com>"))
        );
        let file = &letter.files[0];
        assert_eq!((file.filename.as_str(), file.content_type.as_str()), ("a.pdf", "application/pdf"));
        assert_eq!(file.content, b"hello");
    }

    #[test]
    fn html_alone_has_no_text_part() {
        let letter = parse(b"From: a@example.com\r\nContent-Type: text/html\r\n\r\n<p>hi</p>\r\n").unwrap();
        assert_eq!((letter.mail.text.as_str(), letter.mail.html.trim()), ("", "<p>hi</p>"));
        let plain = parse(b"From: a@example.com\r\n\r\nhi\r\n").unwrap();
        assert_eq!((plain.mail.text.trim(), plain.mail.html.as_str()), ("hi", ""));
    }
}
