use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use rustix::fs::{CWD, mkfifoat};

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use rustix::io::Errno;

use super::dir::without_modes;
use super::*;
use crate::error::{Explain as _, Kind};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn bits(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn set_bits(path: &Path, bits: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(bits)).unwrap();
}

#[test]
fn reads_up_to_the_limit_and_not_beyond() {
    let dir = folder();
    let path = dir.path().join("f");
    fs::write(&path, b"12345").unwrap();
    assert_eq!(read_bounded(&path, 5).unwrap(), b"12345");
    assert!(matches!(read_bounded(&path, 4), Err(FileError::TooLarge { limit: 4, .. })));
    // A file that reports no size is bounded too.
    #[cfg(target_os = "linux")]
    assert!(matches!(read_bounded(Path::new("/proc/self/environ"), 0), Err(FileError::TooLarge { .. })));
}

#[test]
fn names_what_stands_where_a_file_should_be() {
    let dir = folder();
    let at = |name: &str| dir.path().join(name);
    mkfifoat(CWD, at("fifo"), rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
    let _socket = UnixListener::bind(at("socket")).unwrap();
    fs::write(at("file"), b"x").unwrap();
    symlink(at("file"), at("link")).unwrap();
    symlink(at("nowhere"), at("dangling")).unwrap();
    symlink(at("loop"), at("loop")).unwrap();

    let read = |path: &Path| read_bounded(path, 9).unwrap_err().code();
    let following = |path: &Path| read_bounded_following(path, 9).unwrap_err().code();
    let write = |path: &Path| write_atomic(path, b"new", Mode::Exact(0o600)).unwrap_err().code();
    for (path, code) in [
        (dir.path().to_owned(), "file.directory"),
        (at("fifo"), "file.not_regular"),
        (at("socket"), "file.not_regular"),
    ] {
        assert_eq!([read(&path), following(&path), write(&path)], [code; 3], "{path:?}");
    }
    assert_eq!(read(Path::new("/dev/null")), "file.not_regular");
    assert_eq!(read(&at("missing")), "file.not_found");
    assert_eq!(read(&at("file/below")), "file.not_found");
    assert_eq!([read(&at("link")), write(&at("link"))], ["file.symlink"; 2]);
    assert_eq!(read_bounded_following(&at("link"), 9).unwrap(), b"x");
    assert_eq!(following(&at("dangling")), "file.not_found");
    assert_eq!(following(&at("loop")), "file.io");
    assert_eq!(fs::read(at("file")).unwrap(), b"x");
}

#[test]
fn tells_a_refusal_of_the_system_apart() {
    let error = |errno: Errno| FileError::from_io(Path::new("/made/up"), "read", errno.into());
    assert_eq!(error(Errno::ACCESS).code(), "file.denied");
    assert_eq!(error(Errno::PERM).code(), "file.denied");
    assert_eq!(error(Errno::NOSPC).code(), "file.io");
    assert_eq!(error(Errno::NOENT).kind(), Kind::NotFound);
    assert!(error(Errno::ACCESS).to_string().starts_with("no permission to read /made/up: "));
}

#[test]
fn a_file_without_permissions_is_unreadable_to_all_but_root() {
    let dir = folder();
    let path = dir.path().join("f");
    fs::write(&path, b"x").unwrap();
    set_bits(&path, 0);
    let got = read_bounded(&path, 9).map_err(|e| e.code());
    let expected = if rustix::process::geteuid().is_root() { Ok(b"x".to_vec()) } else { Err("file.denied".to_owned()) };
    assert_eq!(got, expected);
}

#[test]
fn writes_exactly_the_bits_asked_for() {
    let dir = folder();
    let path = dir.path().join("f");
    write_atomic(&path, b"one", Mode::KeepOr(0o644)).unwrap();
    assert_eq!((fs::read(&path).unwrap(), bits(&path)), (b"one".to_vec(), 0o644));
    set_bits(&path, 0o664);
    write_atomic(&path, b"two", Mode::KeepOr(0o600)).unwrap();
    assert_eq!((fs::read(&path).unwrap(), bits(&path)), (b"two".to_vec(), 0o664));
    write_atomic(&path, b"three", Mode::Exact(0o600)).unwrap();
    assert_eq!((fs::read(&path).unwrap(), bits(&path)), (b"three".to_vec(), 0o600));
    assert_eq!(names(dir.path()), ["f"]);
}

#[test]
fn an_open_reader_keeps_the_old_bytes() {
    let dir = folder();
    let path = dir.path().join("f");
    fs::write(&path, b"old").unwrap();
    let mut reader = File::open(&path).unwrap();
    write_atomic(&path, b"new and longer", Mode::Exact(0o600)).unwrap();
    let mut seen = String::new();
    reader.read_to_string(&mut seen).unwrap();
    assert_eq!(seen, "old");
}

#[test]
fn a_followed_link_stays_a_link() {
    let dir = folder();
    let (real, link) = (dir.path().join("real/settings"), dir.path().join("link"));
    fs::create_dir(dir.path().join("real")).unwrap();
    fs::write(&real, b"old").unwrap();
    symlink("real/settings", &link).unwrap();
    write_atomic_following(&link, b"new", Mode::Exact(0o600)).unwrap();
    assert_eq!(fs::read_link(&link).unwrap(), Path::new("real/settings"));
    assert_eq!((fs::read(&real).unwrap(), bits(&real)), (b"new".to_vec(), 0o600));
    assert_eq!(names(dir.path()), ["link", "real"]);
    assert_eq!(names(&dir.path().join("real")), ["settings"]);
}

#[test]
fn a_failed_write_leaves_nothing_behind() {
    let dir = folder();
    let path = dir.path().join("f");
    fs::write(&path, b"old").unwrap();
    let refuse = || Err(FileError::Changed { path: path.clone() });
    assert_eq!(
        Dir::open(dir.path()).unwrap().write_if("f", b"new", Mode::Exact(0o600), refuse).unwrap_err().code(),
        "file.changed"
    );
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(dir.path()), ["f"]);
    assert_eq!(write_atomic(&dir.path().join("no/f"), b"x", Mode::Exact(0o600)).unwrap_err().code(), "file.not_found");
}

#[test]
fn refuses_to_overwrite_what_it_has_not_read() {
    let dir = folder();
    let path = dir.path().join("f");
    let attempt = || write_if_unchanged(&path, b"read", b"new", Mode::Exact(0o600)).map_err(|e| e.code());
    assert_eq!(attempt().unwrap_err(), "file.changed", "gone");
    for other in ["reac", "rea", "read and more", ""] {
        fs::write(&path, other).unwrap();
        assert_eq!(attempt().unwrap_err(), "file.changed", "{other}");
        assert_eq!(fs::read(&path).unwrap(), other.as_bytes());
    }
    fs::write(&path, b"read").unwrap();
    assert_eq!(attempt(), Ok(()));
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(names(dir.path()), ["f"]);
}

#[test]
fn root_keeps_the_owner() {
    let dir = folder();
    let path = dir.path().join("f");
    fs::write(&path, b"old").unwrap();
    let other = if rustix::process::geteuid().is_root() { 12345 } else { rustix::process::geteuid().as_raw() };
    std::os::unix::fs::chown(&path, Some(other), None).unwrap();
    write_atomic(&path, b"new", Mode::Exact(0o600)).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().uid(), other);
}

#[test]
fn where_a_file_system_keeps_no_modes_only_what_is_no_secret_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    let refused = || io::Error::from(Errno::PERM);
    let with = |now: u32, bits: u32, mode: Mode| {
        fs::write(&path, "made-up").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(now)).unwrap();
        without_modes(&File::open(&path).unwrap(), bits, mode, refused()).is_ok()
    };
    assert!(!with(0o755, 0o600, Mode::Exact(0o600)), "a key that everybody could read");
    assert!(with(0o700, 0o600, Mode::Exact(0o600)), "mounted for one user alone");
    assert!(with(0o755, 0o600, Mode::Wished(0o600)));
    assert!(with(0o755, 0o640, Mode::KeepOr(0o644)));
    let full = without_modes(&File::open(&path).unwrap(), 0o600, Mode::Wished(0o600), Errno::IO.into());
    assert!(full.is_err(), "another failure is one");
}
