//! Promise: what once was answered wrongly, or not at all, stays told apart. A message a row; no pattern behind them.

use std::fmt::Write as _;

use super::near_misses::{Made, answer};

/// Subject (empty: an SMS), text, the code that is issued.
const MESSAGES: &[(&str, &str, Option<&str>)] = &[
    // Mentions are not what WebOTP binds to a site.
    ("Re: [nova/web] Fix sign-up (#7304)", "@octo-agent could you see to #7304 too? Verification breaks there.", None),
    ("Re: [nova/web] Fix sign-up", "@octo-agent please rebase on top of #7304 first.", None),
    ("Re: [nova/web] Fix sign-up", "@octo-agent #7304", None),
    ("", "@octo-agent #7304", None),
    ("", "@team.leads #7304 is about the login code\nSee you", None),
    ("", "Your Nova code is 730415\n@nova.test #730415", Some("730415")),
    ("", "Nova sign-in\n\n@nova.test #730415 @login.nova.test", Some("730415")),
    // Years, versions, ports, attempts.
    ("Sign-in is changing", "From March 2028 on you will need a verification code to sign in.", None),
    ("Recap", "Your 2028 security code review is here.", None),
    ("Sign-in help", "Verification codes: how they work. © 2028 Nova", None),
    ("", "Your verification code is 2028.", Some("2028")),
    ("Nova 2028: your code", "Your Nova 2028 sign-in code is 730415.", Some("730415")),
    ("Release", "OTP library 73041 released", None),
    ("Service", "The OTP service now listens on port 9443.", None),
    ("Alert", "7304 wrong verification codes were entered.", None),
    // Tickets, advisories, runs.
    ("Advisory", "CVE-2028-73041: verification code bypass in Nova", None),
    ("[#730415] Verification code does not arrive", "Your ticket about the verification code is 730415.", None),
    (
        "[JIRA] (AUTH-7304) Code mail arrives twice",
        "Hanna updated AUTH-7304: Verification code mail arrives twice",
        None,
    ),
    ("[nova/web] Run failed: verification code tests - main (7304151)", "CI run 7304151 failed.", None),
    ("OTPService: code mismatch in job 73041", "New issue. Verification code mismatch in job 73041.", None),
    ("Your question", "Thanks for asking about the login code. Its number is 730415.", None),
    // Where a code went.
    ("Check your phone", "We sent a verification code to •••• 7304. It expires in 10 minutes.", None),
    ("Code sent", "The code went to the phone ending in 7304.", None),
    // Used, wrong, replaced, betrayed, forbidden.
    ("Signed in", "You signed in with the verification code 730415 at 11:20.", None),
    ("Failed", "Somebody entered the wrong code 730415 three times.", None),
    ("Warning", "Your verification code 730415 was compromised, ignore it.", None),
    ("Your verification code: 730415", "The verification code 730415 has been replaced.", None),
    ("Warning", "Do not enter the code 730415.", None),
    ("Login", "Your old code was cancelled. The new verification code is 730415.", Some("730415")),
    ("Login", "Your code is 730415. If the code has expired, request a new one.", Some("730415")),
    ("Login", "Your code is 730415. Codes you were sent earlier no longer work.", Some("730415")),
    // Codes for other things.
    ("Order placed", "Delivery to Park Street, Kolkata, PIN code 700016 by Monday.", None),
    ("Guests", "The guest Wi-Fi access code today is 73041.", None),
    ("Your licence", "Activation code: QXKD-7304-PLMN for NovaEditor 2028", None),
    ("Customs", "HS code 9503.00, tariff code 950300", None),
    ("Your stay", "Confirmation code: HX73QK. Check-in from 15:00.", None),
    ("Doc", "The mail says \"Your verification code is 730415\".", None),
    // Codes that were missed.
    ("", "OTP for your payment of INR 7,304.00 on card 5409*****1234 is 998120. Valid for 5 minutes.", Some("998120")),
    ("", "Die mobileTAN für Ihren Auftrag über 2.150,00 EUR lautet 730415.", Some("730415")),
    ("", "Ihre TAN zur Freigabe des Auftrags Nr. 77120 lautet 730415.", Some("730415")),
    ("", "Giris icin tek kullanimlik sifreniz 730415. Kimseyle paylasmayiniz.", Some("730415")),
    (
        "Access from a new computer",
        "Here is the code you need to login to account octoagent:\n\nWKXQD\n",
        Some("WKXQD"),
    ),
];

#[test]
fn what_was_mistaken_once_is_told_apart() {
    for (subject, text, code) in MESSAGES {
        let made = Made {
            subject: (*subject).to_owned(),
            text: Some((*text).to_owned()),
            sms: subject.is_empty(),
            code: code.map(str::to_owned),
            ..Made::default()
        };
        let (answer, found) = answer(&made);
        assert_eq!(answer, made.code, "{text:?}\n{:?}", found.candidates);
    }
}

/// Of 1000 codes in `wordings.tsv` as many are found at least.
const LEAST_FOUND: usize = 965;

/// Each row as it stands: wordings that no template makes.
#[test]
fn many_wordings_are_told_apart() {
    let (mut issued, mut found_right, mut misses) = (0, 0, String::new());
    for row in include_str!("wordings.tsv").lines().filter(|row| !row.starts_with('#')) {
        let columns: Vec<&str> = row.split('\t').collect();
        let [code, kind, subject, text] = columns[..] else { panic!("four columns: {row:?}") };
        let text = text.replace("\\n", "\n");
        let made = Made {
            subject: subject.to_owned(),
            html: (kind == "html").then(|| text.clone()),
            text: (kind != "html").then_some(text),
            sms: kind == "sms",
            code: (code != "-").then(|| code.to_owned()),
            ..Made::default()
        };
        let (answer, found) = answer(&made);
        assert!(answer.is_none() || answer == made.code, "confident and wrong: {row:?}\n{:?}", found.candidates);
        issued += usize::from(made.code.is_some());
        found_right += usize::from(made.code.is_some() && answer == made.code);
        if answer != made.code {
            let _ = writeln!(misses, "no answer: {row:?}");
        }
    }
    println!("{misses}wordings: {found_right} of {issued} found");
    assert!(issued >= 300, "too few codes");
    assert!(found_right * 1000 >= issued * LEAST_FOUND, "{misses}");
}
