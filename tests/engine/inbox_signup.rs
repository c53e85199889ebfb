//! An agent signs up at a web service: the service mails a code by SMTP, `inbox wait --code` prints it, the service takes
//! it. And what the SMTP port takes and refuses.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use lettre::message::{Attachment, MultiPart, SinglePart, header::ContentType};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use ravi_local::{Options, Server};
use ravi_workspace_core::inbox::MessageFilter;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::common::{Bed, Run};
use crate::inbox_messages::{mail, workspace};

type Mailer = AsyncSmtpTransport<Tokio1Executor>;

pub async fn bed_with_mail() -> (Bed, u16) {
    // A free port, found by whoever has it last; the stand-in is told which.
    let port = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address").port();
    (Bed::with(Options { smtp_port: Some(port), ..Options::default() }).await, port)
}

fn mailer(port: u16) -> Mailer {
    Mailer::builder_dangerous("127.0.0.1").port(port).build()
}

/// A web service that lets in whoever has the code it mailed.
struct Service {
    mailer: Mailer,
    codes: Mutex<HashMap<String, String>>,
}

async fn sign_up(State(service): State<Arc<Service>>, Json(form): Json<Value>) -> StatusCode {
    let email = form["email"].as_str().expect("an address").to_owned();
    let code = {
        let mut codes = service.codes.lock().expect("no panic before");
        let code = format!("{}", 400_000 + (codes.len() + 1) * 7_919);
        codes.insert(email.clone(), code.clone());
        code
    };
    let text = format!("Welcome to Example!\n\nYour verification code is {code}\n\n(c) 2026 Example, order 20260101");
    let html = format!("<p>Welcome to <b>Example</b>!</p><p>Your verification code is</p><h1>{code}</h1><p>2026</p>");
    let mail = Message::builder()
        .from("Example <noreply@example.com>".parse().expect("an address"))
        .to(email.parse().expect("an address"))
        .subject("Confirm your address")
        .multipart(MultiPart::alternative_plain_html(text, html))
        .expect("a mail");
    match service.mailer.send(mail).await {
        Ok(_) => StatusCode::ACCEPTED,
        Err(_) => StatusCode::BAD_GATEWAY,
    }
}

async fn confirm(State(service): State<Arc<Service>>, Json(form): Json<Value>) -> StatusCode {
    let (email, code) = (form["email"].as_str().unwrap_or_default(), form["code"].as_str().unwrap_or_default());
    let mut codes = service.codes.lock().expect("no panic before");
    match codes.get(email).is_some_and(|wanted| wanted == code) {
        true => {
            codes.remove(email);
            StatusCode::OK
        }
        false => StatusCode::FORBIDDEN,
    }
}

pub async fn start_service(port: u16) -> String {
    let service = Arc::new(Service { mailer: mailer(port), codes: Mutex::default() });
    let router = Router::new().route("/signup", post(sign_up)).route("/confirm", post(confirm)).with_state(service);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

pub async fn run(bed: &Arc<Bed>, args: Vec<String>) -> Run {
    let bed = Arc::clone(bed);
    tokio::task::spawn_blocking(move || bed.run(&args)).await.expect("it ends")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_workspaces_sign_up_at_once() {
    let (bed, port) = bed_with_mail().await;
    let service = start_service(port).await;
    let (ravi, bed) = (bed.ravi(), Arc::new(bed));
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let mut tasks = Vec::new();
    for number in 0..5 {
        let id = format!("agent-{number}");
        let (address, _) = workspace(&bed, &ravi, &id, false).await;
        mail(&bed, &address, "Your old code", "Your verification code is 123123").await;
        let (bed, http, service) = (Arc::clone(&bed), http.clone(), service.clone());
        tasks.push(tokio::spawn(async move {
            let path = bed.path(&format!("folders/{id}")).to_str().expect("text").to_owned();
            let args = |rest: &[&str]| rest.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>();
            let fence = run(&bed, args(&["inbox", "fence", &path])).await.ok().stdout.trim().to_owned();
            let post = |what: &str, body: Value| http.post(format!("{service}/{what}")).json(&body).send();
            let asked = post("signup", json!({ "email": address })).await.expect("the service answers");
            assert_eq!(asked.status(), StatusCode::ACCEPTED);
            let wait = args(&[
                "inbox",
                "wait",
                &path,
                "--code",
                "--since",
                &fence,
                "--from",
                "example.com",
                "--timeout",
                "60",
            ]);
            let code = run(&bed, wait.clone()).await.ok().stdout.trim().to_owned();
            let let_in = post("confirm", json!({ "email": address, "code": code })).await.expect("the service answers");
            assert_eq!(let_in.status(), StatusCode::OK, "{id} got {code}");
            // The same code is not handed out again, unless it is asked for.
            let mut soon = wait.clone();
            *soon.last_mut().expect("the time") = "1".to_owned();
            let second = run(&bed, [soon, args(&["--json"])].concat()).await;
            assert_eq!((second.code, second.error_code().as_str()), (1, "inbox.timeout"));
            let again = run(&bed, [wait, args(&["--json", "--again"])].concat()).await.ok().json();
            assert_eq!(again["code"]["value"].as_str(), Some(code.as_str()));
            1
        }));
    }
    let mut accepted = 0;
    for task in tasks {
        accepted += task.await.expect("it signed up");
    }
    println!("{accepted} of 5 workspaces signed up at once with the code of `inbox wait --code`");
    assert_eq!(accepted, 5);
}

#[tokio::test]
async fn a_mail_by_smtp_arrives_with_its_parts() {
    let (bed, port) = bed_with_mail().await;
    let ravi = bed.ravi();
    let (to, _) = workspace(&bed, &ravi, "one", false).await;
    let file = Attachment::new("ä.pdf".into())
        .body("hello".to_owned(), ContentType::parse("application/pdf").expect("a type"));
    let parts = MultiPart::mixed()
        .multipart(MultiPart::alternative_plain_html("Grüße ✓".to_owned(), "<p>Grüße <b>✓</b></p>".to_owned()))
        .singlepart(file);
    let mail = Message::builder()
        .from("Ämter <amt@example.com>".parse().expect("an address"))
        .to(to.parse().expect("an address"))
        .subject("Ünicode ✓")
        .multipart(parts)
        .expect("a mail");
    mailer(port).send(mail).await.expect("it is taken");
    let items = ravi.inbox("one").list(&MessageFilter::default()).await.expect("a list");
    let message = ravi.inbox("one").get(&items[0].id).await.expect("the mail");
    assert_eq!((message.item.subject.as_str(), message.item.from_name.as_deref()), ("Ünicode ✓", Some("Ämter")));
    assert_eq!((message.text.trim(), message.item.from.as_str()), ("Grüße ✓", "amt@example.com"));
    assert!(message.html.is_some_and(|html| html.contains("<b>✓</b>")));
    assert_eq!((message.files[0].filename.as_str(), message.files[0].size), ("ä.pdf", Some(5)));
}

/// Sends a mail of so many lines of 60 kB by hand; answers all that was said.
async fn raw_mail(port: u16, to: &str, lines: usize) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("it listens");
    let mut said = [0; 4096];
    let begin = ["EHLO a", "MAIL FROM:<a@example.com>", &format!("RCPT TO:<{to}>"), "DATA"].map(str::to_owned);
    for line in [String::new()].iter().chain(&begin) {
        if !line.is_empty() {
            stream.write_all(format!("{line}\r\n").as_bytes()).await.expect("it is read");
        }
        assert!(stream.read(&mut said).await.expect("an answer") > 0);
    }
    let line = format!("{}\r\n", "x".repeat(60_000));
    for _ in 0..lines {
        stream.write_all(line.as_bytes()).await.expect("it is read");
    }
    stream.write_all(b".\r\nQUIT\r\n").await.expect("it is read");
    let mut end = String::new();
    // It may be cut after the refusal.
    let _ = stream.read_to_string(&mut end).await;
    end
}

#[tokio::test]
async fn mail_for_nobody_and_mail_that_is_too_large_is_refused() {
    let (bed, port) = bed_with_mail().await;
    let ravi = bed.ravi();
    let (to, _) = workspace(&bed, &ravi, "one", false).await;
    let mail = |to: &str, text: String| {
        let builder = Message::builder().from("a@example.com".parse().expect("one")).to(to.parse().expect("one"));
        builder.subject("x").singlepart(SinglePart::plain(text)).expect("a mail")
    };
    let nobody = mailer(port).send(mail("nobody@raviapp.test", "x".into())).await.expect_err("there is no such inbox");
    assert!(nobody.to_string().contains("550"), "{nobody}");
    assert!(raw_mail(port, &to, 300).await.contains("552 "));
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("it listens");
    let mut greeting = [0; 100];
    assert!(stream.read(&mut greeting).await.expect("a greeting") > 0 && greeting.starts_with(b"220 "));
    // It may be cut while more is on its way.
    let _ = stream.write_all(&[b'x'; 70_000]).await;
    let mut said = String::new();
    let _ = stream.read_to_string(&mut said).await;
    assert!(!said.contains("250 "), "{said}");
    assert!(ravi.inbox("one").list(&MessageFilter::default()).await.expect("a list").is_empty());
    mailer(port).send(mail(&to, "It still listens".into())).await.expect("it is taken");
    assert_eq!(ravi.inbox("one").list(&MessageFilter::default()).await.expect("a list").len(), 1);
}

#[tokio::test]
async fn mail_is_taken_on_this_machine_only_and_only_where_asked() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let without = Server::start(Options::default()).await.expect("it starts");
    assert_eq!(without.smtp_address(), None);
    let with = Server::start(Options { smtp_port: Some(0), ..Options::default() }).await.expect("it starts");
    let address = with.smtp_address().expect("it listens");
    assert!(address.ip().is_loopback());
    with.stop().await;
    assert!(TcpStream::connect(address).await.is_err(), "it stops with the server");
}
