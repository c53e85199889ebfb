//! Hooks of orchestrators: whether they are reached, and whether their orchestrator waits for them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Finding;
use crate::hooks::dmux;

const CHECK: &str = "hooks";

/// Looks at dmux's hooks of this user and of the repositories that `workspaces` belong to.
pub(crate) fn hooks(workspaces: &[PathBuf]) -> Vec<Finding> {
    let user = etcetera::home_dir().map(|home| home.join(".dmux/hooks")).unwrap_or_default();
    // dmux makes worktrees in `<repo>/.dmux/worktrees`.
    let roots = workspaces.iter().flat_map(|path| path.ancestors().filter(|dir| dir.join(".dmux").is_dir()));
    let roots: BTreeSet<PathBuf> = roots.map(Path::to_owned).filter(|root| root.join(".dmux") != user).collect();
    let mut findings: Vec<Finding> = roots.iter().flat_map(|root| shadowed(root, &user)).collect();
    let folders = || roots.iter().map(|root| root.join(".dmux/hooks")).chain([user.clone()]);
    findings.extend(folders().filter(|folder| dmux::installed(folder)).filter_map(|folder| unquoted(&folder)));
    let installed = folders().any(|folder| dmux::installed(&folder));
    if installed {
        findings.extend(version(dmux::version()));
    }
    match (findings.is_empty(), installed) {
        (false, _) => findings,
        (true, true) => vec![Finding::ok(CHECK, "dmux's hooks are installed, and nothing comes before them")],
        (true, false) => vec![Finding::ok(CHECK, "none installed for dmux")],
    }
}

fn shadowed(root: &Path, user: &Path) -> Vec<Finding> {
    let local = root.join(".dmux/hooks");
    let folder = if dmux::installed(&local) { local.as_path() } else { user };
    if !dmux::installed(folder) {
        return Vec::new();
    }
    let shadows = dmux::HOOKED.iter().filter_map(|event| dmux::shadow(root, folder, event));
    let finding = |file: PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Finding::warn(
            CHECK,
            format!("dmux runs {} in place of ours", file.display()),
            format!("Call `ravi-workspace hook dmux {name}` from it, or `hook dmux install --project` there."),
        )
    };
    shadows.map(finding).collect()
}

/// dmux gives the path of `before_worktree_remove` to a shell as it is.
fn unquoted(folder: &Path) -> Option<Finding> {
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%".contains(c);
    (!folder.to_string_lossy().chars().all(plain)).then(|| {
        Finding::warn(
            CHECK,
            format!("dmux cannot run before_worktree_remove in {}: its path has a space or the like", folder.display()),
            "Identities are released a little later, by worktree_removed; or `hook dmux install` without --project.",
        )
    })
}

fn version(version: Option<(u32, u32)>) -> Option<Finding> {
    let (major, minor) = version.filter(|version| *version < dmux::OLDEST)?;
    Some(Finding::warn(
        CHECK,
        format!("dmux {major}.{minor} starts agents before its hooks are done"),
        "Update dmux to 5.7 or newer.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_a_shell_splits_is_named() {
        assert!(unquoted(Path::new("/home/me/my project/.dmux/hooks")).is_some());
        assert_eq!(unquoted(Path::new("/home/me/a-project_2.0/.dmux/hooks")), None);
    }

    #[test]
    fn only_a_dmux_that_does_not_wait_is_named() {
        assert!(version(Some((5, 6))).is_some() && version(Some((4, 9))).is_some());
        assert_eq!((version(Some((5, 7))), version(Some((6, 0))), version(None)), (None, None, None));
    }
}
