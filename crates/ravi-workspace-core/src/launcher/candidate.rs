//! A program that launchers may start: by a path that outlives its version, and with how new it is.
//!
//! The file that is running often belongs to a single version: in Homebrew's cellar, in the nix store, below an
//! AppImage's mount. What is recorded is the link that leads there, which the next version redirects. This module must
//! not know what it is used for.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::program::{NAME, acts, beside, on_path};
use crate::machine::os::is_executable;

/// Folders of links made by package managers, for programs started with a PATH that lacks them.
const LINKS: [&str; 5] = [
    "/opt/homebrew/bin",
    "/usr/local/bin",
    "/home/linuxbrew/.linuxbrew/bin",
    "/run/current-system/sw/bin",
    "/nix/var/nix/profiles/default/bin",
];

/// The same in the home folder.
const OWN_LINKS: [&str; 4] = [".nix-profile/bin", ".local/bin", ".cargo/bin", ".local/state/nix/profile/bin"];

/// A program that launchers may start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) path: PathBuf,
    pub(super) version: String,
    /// Whether it is `ravi-workspace`, which has commands besides those that launchers need.
    pub(super) is_cli: bool,
}

impl Candidate {
    /// The best candidates that the running program knows: one shipped beside it, one on PATH that can act as a helper,
    /// itself.
    ///
    /// A program that does not first check how it was called would open its window whenever git or gh is run.
    pub(super) fn known() -> Vec<Candidate> {
        let Some(own) = std::env::current_exe().ok().filter(|path| path.exists()) else { return Vec::new() };
        let version = own_version();
        let is_cli = own.file_name() == Some(OsStr::new(NAME));
        let ours = |file: &Path| {
            stable(file).map(|path| Candidate { is_cli: is_cli_path(&path), path, version: version.clone() })
        };
        let beside = beside(&own).as_deref().and_then(ours).filter(|found| found.is_cli);
        if is_cli {
            ours(&own).into_iter().collect()
        } else {
            beside.into_iter().chain(ours(&own).filter(|_| acts())).collect()
        }
    }

    /// Whether it is newer than `other`, or the same.
    pub(super) fn is_as_new_as(&self, other: &Candidate) -> bool {
        number(&self.version) >= number(&other.version)
    }

    /// Whether the file exists and can be started.
    pub(super) fn is_there(&self) -> bool {
        is_executable(&self.path)
    }
}

/// The version of the running program.
pub(super) fn own_version() -> String {
    // Lets tests be several versions without several builds, in builds with the feature `__testing`, which nothing that
    // is shipped has.
    #[cfg(feature = "__testing")]
    if let Ok(version) = std::env::var("RAVI_WORKSPACE_VERSION") {
        return version;
    }
    env!("CARGO_PKG_VERSION").to_owned()
}

/// A version as numbers that can be compared. Anything that is not a version counts as the oldest.
fn number(version: &str) -> (u64, u64, u64, bool) {
    let (numbers, rest) = version.split_once('-').map_or((version, None), |(numbers, rest)| (numbers, Some(rest)));
    let mut parts = numbers.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next(), rest.is_none())
}

/// An AppImage with the command line in it is named after it; any other contains an app.
fn is_cli_path(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(NAME))
}

/// A path that leads to `file` and stays valid when a newer version replaces it. `None` if there is none and the file
/// itself is about to go.
pub(super) fn stable(file: &Path) -> Option<PathBuf> {
    let real = file.canonicalize().ok()?;
    if let Some(image) = image_of(&real) {
        return Some(image).filter(|image| is_executable(image));
    }
    let name = file.file_name()?;
    let called = std::env::args_os().next().map(PathBuf::from).filter(|path| path.is_absolute());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let text = name.to_str()?;
    let leads_there = |link: &PathBuf| *link != real && link.canonicalize().is_ok_and(|found| found == real);
    let mut links =
        called.into_iter().chain(on_path(&path, text)).chain(known_links(name)).chain(npm_links(&real, name));
    let found = links.find(leads_there);
    Some(found.unwrap_or_else(|| file.to_owned())).filter(|path| is_one_line(path))
}

/// The AppImage that the file `real` is mounted from. Programs started by an AppImage inherit its variables, but lie
/// elsewhere.
fn image_of(real: &Path) -> Option<PathBuf> {
    let image = std::env::var_os("APPIMAGE").map(PathBuf::from).filter(|path| path.is_absolute())?;
    let mount = PathBuf::from(std::env::var_os("APPDIR")?).canonicalize().ok()?;
    real.starts_with(mount).then_some(image)
}

fn known_links(name: &OsStr) -> impl Iterator<Item = PathBuf> {
    let home = etcetera::home_dir().ok();
    let own = OWN_LINKS.into_iter().filter_map(move |dir| Some(home.as_ref()?.join(dir)));
    let name = name.to_owned();
    own.chain(LINKS.into_iter().map(PathBuf::from)).map(move |dir| dir.join(&name))
}

/// npm's links: in the project's `node_modules/.bin`, and beside a global `lib/node_modules`.
fn npm_links(real: &Path, name: &OsStr) -> Vec<PathBuf> {
    let modules = real.ancestors().filter(|dir| dir.file_name().is_some_and(|name| name == "node_modules"));
    let links = modules.flat_map(|dir| {
        let global = dir.parent().and_then(Path::parent).map(|prefix| prefix.join("bin"));
        [Some(dir.join(".bin")), global]
    });
    links.flatten().map(|dir| dir.join(name)).collect()
}

/// Whether a path fits on one line, which is how launchers read it.
pub(super) fn is_one_line(path: &Path) -> bool {
    path.is_absolute() && path.to_str().is_some_and(|text| !text.contains('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let of = |version: &str| Candidate { path: "/x".into(), version: version.to_owned(), is_cli: true };
        for (newer, older) in
            [("0.2.0", "0.1.9"), ("0.10.0", "0.9.0"), ("1.0.0", "1.0.0-beta"), ("0.1.0", ""), ("1", "x")]
        {
            assert!(of(newer).is_as_new_as(&of(older)), "{newer} {older}");
            assert!(!of(older).is_as_new_as(&of(newer)), "{older} {newer}");
        }
        assert!(of("0.1.0").is_as_new_as(&of("0.1.0")));
    }

    #[test]
    fn npms_link_leads_to_its_package() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let (bin, file) = (root.join("node_modules/.bin"), root.join("node_modules/@ravi/linux/ravi-workspace"));
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "x").unwrap();
        assert_eq!(stable(&file), Some(file.clone()), "nothing leads there");
        std::os::unix::fs::symlink("../@ravi/linux/ravi-workspace", bin.join(NAME)).unwrap();
        assert_eq!(stable(&file), Some(bin.join(NAME)));
    }
}
