use proptest::prelude::*;

use super::fixture::pointer;
use crate::vault::settings::{Pointer, PointerError};

#[test]
fn the_examples_of_rfc_6901_are_read() {
    let segments = |text: &str| pointer(text).segments().to_vec();
    assert_eq!(segments(""), Vec::<String>::new());
    assert_eq!(segments("/"), [""]);
    assert_eq!(segments("/foo/0"), ["foo", "0"]);
    assert_eq!(segments("/a~1b"), ["a/b"]);
    assert_eq!(segments("/m~0n"), ["m~n"]);
    assert_eq!(segments("/~01"), ["~1"]);
    assert_eq!(segments("/ /c%d"), [" ", "c%d"]);
}

#[test]
fn what_is_no_pointer_is_refused() {
    assert_eq!(Pointer::parse("foo"), Err(PointerError::Start));
    assert_eq!(Pointer::parse("#/foo"), Err(PointerError::Start));
    for text in ["/~", "/a~", "/~2", "/a~~0", "/~\u{e9}"] {
        assert_eq!(Pointer::parse(text), Err(PointerError::Escape), "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(segments in proptest::collection::vec("[~/*a-c01\u{e9} ]{0,4}", 0..5)) {
        let built = segments.iter().fold(Pointer::default(), |at, segment| at.join(segment));
        prop_assert_eq!(built.segments(), segments.as_slice());
        prop_assert_eq!(pointer(&built.to_string()), built);
    }
}
