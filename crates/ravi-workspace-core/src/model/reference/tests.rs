use proptest::prelude::*;

use super::*;

fn parsed(text: &str) -> Reference {
    Reference::parse(text).unwrap().unwrap()
}

fn refused(text: &str) -> ReferenceError {
    Reference::parse(text).unwrap().unwrap_err()
}

#[test]
fn names_are_upper_cased_and_nothing_else() {
    assert_eq!(SecretName::parse("openai_Api_key2").unwrap().as_str(), "OPENAI_API_KEY2");
    assert_eq!("k".parse::<SecretName>().unwrap().to_string(), "K");
    assert_eq!(SecretName::parse(""), Err(SecretNameError::Empty));
    assert_eq!(SecretName::parse("_A"), Err(SecretNameError::Start));
    assert_eq!(SecretName::parse("1A"), Err(SecretNameError::Start));
    for (text, position) in [("A-B", 2), (" A", 1), ("A ", 2), ("A\n", 2), ("ÄB", 1), ("Aß", 2), ("ıd", 1), ("A\0", 2)]
    {
        assert_eq!(SecretName::parse(text), Err(SecretNameError::Character { position }), "{text:?}");
    }
    assert!(SecretName::parse(&"A".repeat(MAX_NAME)).is_ok());
    assert_eq!(SecretName::parse(&"A".repeat(MAX_NAME + 1)), Err(SecretNameError::TooLong));
}

#[test]
fn names_cross_json_as_checked_strings() {
    let name: SecretName = serde_json::from_str("\"daemon_token\"").unwrap();
    assert_eq!(serde_json::to_string(&name).unwrap(), "\"DAEMON_TOKEN\"");
    let refused = serde_json::from_str::<SecretName>("\"made-up-secret-1\"").unwrap_err().to_string();
    assert!(!refused.contains("made"), "{refused}");
}

#[test]
fn both_forms_are_read_and_written() {
    assert_eq!(parsed("ravi://KEY"), Reference::host(SecretName::parse("KEY").unwrap()));
    assert_eq!(parsed("ravi://KEY").to_string(), "ravi://KEY");
    let other = parsed("ravi://payments agent/stripe_key");
    assert_eq!((other.identity(), other.name().as_str()), (Some("payments agent"), "STRIPE_KEY"));
    assert_eq!(other.to_string(), "ravi://payments agent/STRIPE_KEY");
    assert_eq!(parsed("RAVI://key").to_string(), "ravi://KEY");
}

#[test]
fn an_ordinary_value_is_no_reference() {
    for text in
        ["", "ravi", "ravi:/KEY", "ravi:KEY", " ravi://KEY", "https://ravi.id/KEY", "ravi:\u{e9}\u{e9}x", "äöüäöü"]
    {
        assert!(Reference::parse(text).is_none(), "{text:?}");
    }
}

#[test]
fn what_begins_like_a_reference_is_never_a_value() {
    assert_eq!(refused("ravi://"), ReferenceError::Name(SecretNameError::Empty));
    assert_eq!(refused("ravi://KEY/"), ReferenceError::Name(SecretNameError::Empty));
    assert_eq!(refused("ravi://A B"), ReferenceError::Name(SecretNameError::Character { position: 2 }));
    assert_eq!(refused("ravi://a/b/C"), ReferenceError::Parts);
    for identity in ["", " ", " a", "a ", "a?b", "a#b", "a%20b", "a\nb", "a\u{7f}"] {
        assert_eq!(refused(&format!("ravi://{identity}/KEY")), ReferenceError::Identity, "{identity:?}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic_and_what_is_read_is_written_the_same(tail in "\\PC*", prefix in "(ravi://)?") {
        if let Some(Ok(reference)) = Reference::parse(&format!("{prefix}{tail}")) {
            prop_assert_eq!(&parsed(&reference.to_string()), &reference);
        }
    }

    #[test]
    fn errors_never_repeat_the_text(text in "[a-z]{6}-[a-z0-9-]{12}") {
        prop_assert!(!SecretName::parse(&text).unwrap_err().to_string().contains(&text));
        let reference = refused(&["ravi://", &text].concat()).to_string();
        prop_assert!(!reference.contains(&text));
    }
}
