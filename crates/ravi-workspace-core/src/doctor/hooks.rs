//! Hooks of orchestrators: whether they are reached, and whether their orchestrator waits for them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Finding;
use crate::hooks::{claude, claude_settings, dmux, is_ours, jean, launcher_of, outdated};
use crate::launcher::{LAUNCHER, Probed, probe_launcher};

const CHECK: &str = "hooks";

/// What was seen of one orchestrator.
#[derive(Default)]
struct Tool {
    installed: bool,
    wrong: Vec<Finding>,
}

/// Checks the hooks of this user and of the repositories that `workspaces` belong to.
pub(crate) fn hooks(workspaces: &[PathBuf]) -> Vec<Finding> {
    let all = [
        ("dmux", dmux(workspaces)),
        ("Claude Code", claude(workspaces)),
        ("Jean", jean(workspaces)),
        ("git", git(workspaces)),
    ];
    let installed: Vec<&str> = all.iter().filter(|(_, tool)| tool.installed).map(|(name, _)| *name).collect();
    let wrong: Vec<Finding> = all.iter().flat_map(|(_, tool)| tool.wrong.clone()).collect();
    match (wrong.is_empty(), installed.is_empty()) {
        (false, _) => wrong,
        (true, true) => vec![Finding::ok(CHECK, "none installed for dmux, Claude Code, Jean or git")],
        (true, false) => {
            vec![Finding::ok(CHECK, format!("installed for {}, and nothing is in their way", installed.join(", ")))]
        }
    }
}

/// Returns the folders above the workspaces that contain `name`.
fn above(workspaces: &[PathBuf], name: &str) -> BTreeSet<PathBuf> {
    let holders = workspaces.iter().flat_map(|path| path.ancestors().filter(|dir| dir.join(name).is_dir()));
    holders.map(Path::to_owned).collect()
}

fn dmux(workspaces: &[PathBuf]) -> Tool {
    let user = etcetera::home_dir().map(|home| home.join(".dmux/hooks")).unwrap_or_default();
    // dmux makes worktrees in `<repo>/.dmux/worktrees`.
    let roots: Vec<PathBuf> =
        above(workspaces, ".dmux").into_iter().filter(|root| root.join(".dmux/hooks") != user).collect();
    let folders = || roots.iter().map(|root| root.join(".dmux/hooks")).chain([user.clone()]);
    let installed = folders().any(|folder| dmux::installed(&folder));
    let mut wrong: Vec<Finding> = roots.iter().flat_map(|root| shadowed(root, &user)).collect();
    wrong.extend(folders().filter(|folder| dmux::installed(folder)).filter_map(|folder| unquoted(&folder)));
    wrong.extend(version(dmux::version()).filter(|_| installed));
    let files: Vec<PathBuf> = folders().flat_map(|folder| dmux::HOOKED.map(|event| folder.join(event))).collect();
    wrong.extend(not_run(&files, "`ravi-workspace hook dmux install`, with --project for those in a project"));
    Tool { installed, wrong }
}

/// Checks git's hook in the repositories of the workspaces.
fn git(workspaces: &[PathBuf]) -> Tool {
    let hooks = workspaces.iter().filter_map(|path| crate::hooks::git_hook_file(path).ok());
    let files: Vec<PathBuf> = hooks.collect::<BTreeSet<_>>().into_iter().filter(|file| is_ours(file)).collect();
    let wrong = not_run(&files, "`ravi-workspace hook git install` in the repository");
    Tool { installed: !files.is_empty(), wrong }
}

/// Returns findings for hook files of ours that call something which does not run: the launcher's program, or a program
/// of an earlier version. Files that call the same thing share one finding.
fn not_run(files: &[PathBuf], fix: &str) -> Vec<Finding> {
    let before: BTreeSet<(PathBuf, PathBuf)> =
        files.iter().filter_map(|file| Some((outdated(file)?, file.parent()?.to_owned()))).collect();
    let old = before.iter().map(|(program, folder)| {
        let message = format!("hooks in {} call {}, which an upgrade removes", folder.display(), program.display());
        Finding::warn(CHECK, message, format!("{fix} writes them again."))
    });
    let launchers: BTreeSet<PathBuf> = files.iter().filter_map(|file| launcher_of(file)).collect();
    old.chain(launchers.iter().filter_map(|launcher| no_launcher(launcher, fix))).collect()
}

fn no_launcher(launcher: &Path, fix: &str) -> Option<Finding> {
    let reason = match probe_launcher(launcher, &["hook"]) {
        Probed::Runs(_) => return None,
        Probed::Other => "it does not start a ravi-workspace of this version".to_owned(),
        Probed::Broken(reason) => reason,
    };
    let message = format!("hooks call {}, which does nothing: {reason}", launcher.display());
    Some(Finding::fail(CHECK, message, format!("Install ravi-workspace, run it once, then {fix}.")))
}

fn claude(workspaces: &[PathBuf]) -> Tool {
    // Claude Code makes worktrees in `<repo>/.claude/worktrees`.
    let roots = above(workspaces, ".claude").into_iter().map(|root| root.join(".claude"));
    let project = roots.flat_map(|dir| [dir.join("settings.local.json"), dir.join("settings.json")]);
    let files: BTreeSet<PathBuf> =
        claude::config_dir().map(|dir| dir.join("settings.json")).into_iter().chain(project).collect();
    let seen: Vec<_> = files.iter().map(|file| (file, claude_settings::look(file))).collect();
    let installed = seen.iter().any(|(_, seen)| seen.installed);
    let wrong = seen.iter().flat_map(|(file, seen)| claude_wrong(file, seen, installed)).collect();
    Tool { installed, wrong }
}

fn claude_wrong(file: &Path, seen: &claude_settings::Seen, installed: bool) -> Vec<Finding> {
    let shown = file.display();
    let mut wrong = Vec::new();
    if let Some(reason) = &seen.unreadable {
        wrong.push((format!("Claude Code cannot read {shown}: {reason}"), "Repair the file.".to_owned()));
    }
    for program in &seen.programs {
        let fix = "Run `ravi-workspace hook claude install` again, or `uninstall`.".to_owned();
        let shown = format!("{shown} calls {}", program.display());
        if !program.ends_with(LAUNCHER) && program.exists() {
            wrong.push((format!("{shown}, which an upgrade removes"), fix));
        } else if !program.exists() {
            wrong.push((format!("{shown}, which does not exist; no worktree can be made"), fix));
        } else if probe_launcher(program, &["hook"]) == Probed::Other {
            wrong.push((format!("{shown}, which does not start a ravi-workspace of this version"), fix));
        } else if let Probed::Broken(reason) = probe_launcher(program, &["hook"]) {
            wrong.push((format!("{shown}, which does nothing: {reason}"), fix));
        }
    }
    if installed && seen.off {
        wrong.push((format!("{shown} switches all hooks off"), "Remove `disableAllHooks` from it.".to_owned()));
    }
    if installed && seen.rival {
        let fix = "Keep one of them; another may call `ravi-workspace provision` itself.".to_owned();
        wrong.push((format!("{shown} has another WorktreeCreate hook besides ours; both make a worktree"), fix));
    }
    wrong.into_iter().map(|(message, fix)| Finding::warn(CHECK, message, fix)).collect()
}

fn jean(workspaces: &[PathBuf]) -> Tool {
    // Jean reads the project's own file, which is usually committed.
    let mut tool = Tool::default();
    for file in workspaces.iter().map(|path| path.join("jean.json")) {
        let shown = file.display();
        let (message, fix) = match jean::look(&file) {
            jean::Seen::None => continue,
            jean::Seen::Both => {
                tool.installed = true;
                continue;
            }
            jean::Seen::Half => {
                (format!("{shown} calls us only at setup or teardown"), "Run `ravi-workspace hook jean install` there.")
            }
            jean::Seen::Unreadable => (format!("Jean cannot read {shown}"), "Repair the file."),
        };
        tool.wrong.push(Finding::warn(CHECK, message, fix));
    }
    tool
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

/// Returns a finding if dmux cannot run `before_worktree_remove`: it passes the path to a shell without quoting.
fn unquoted(folder: &Path) -> Option<Finding> {
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%".contains(c);
    (!folder.to_string_lossy().chars().all(plain)).then(|| {
        Finding::warn(
            CHECK,
            format!(
                "dmux cannot run before_worktree_remove in {}: its path has a space or another special character",
                folder.display()
            ),
            "Identities are released a little later, by worktree_removed; or `hook dmux install` without --project.",
        )
    })
}

fn version(version: Option<(u32, u32)>) -> Option<Finding> {
    let (major, minor) = version.filter(|version| *version < dmux::OLDEST)?;
    Some(Finding::warn(
        CHECK,
        format!("dmux {major}.{minor} starts agents before its hooks have finished"),
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
