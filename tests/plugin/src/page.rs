//! `docs/permissions.md`, made from the table.

use crate::reach;

/// The whole page.
pub fn page() -> String {
    format!("{HEAD}{}", reach::markdown())
}

const HEAD: &str = r#"# What a window may name

A permission says which commands a window may call; the entries of its scope say what those commands may be told to reach. The
table is made from `src/reach.rs`, which also gives the commands their permissions, and a test asks every command under
every kind of entry (`tests/plugin/tests/reach.rs`). This page is written by
`cargo run -p plugin-tests --bin permissions-page > docs/permissions.md`.

* `deny` wins over `allow`, whatever name of the thing either has: a workspace is also denied by its second id, an identity by its
  uuid, name, address, or as `host`.
* Checks apply to the real object: links are followed, `..` is resolved, keys are compared without regard to case. A path
  that leads nowhere is refused; an entry whose path leads nowhere refuses every call (`policy.bad_scope`).
* A folder to bind means the top of the worktree that it lies in: under `{ "path": "/repo/trees" }` a plain folder `/repo/trees/x`
  is a folder of `/repo`, and refused. A pattern for ids allows the workspaces that are there: a page makes ids up, so a new one
  needs its folder.
* A place in a settings file counts with the name of its secret. Otherwise a page would move any string of the file under a name
  that it may read. An undo puts all secrets back that were moved out of the file, so each of them must be allowed.
* An entry that says nothing about what its permission's commands can name is reported in development builds
  (`policy.idle_scope`).
* What the app's developer sets (`share`, `signatures`, `keyInTree`, the folder of the ledger, rules for secrets) is an argument of no
  command.
* Tauri merges the entries of all permissions that allow a command. Beside an entry, a permission without one gives a window
  nothing more.

**Not kept to a scope**: events go to every window that may listen (`core:event:default`), with ids, names and addresses of all
workspaces and names of secrets, never a value. Do not grant `core:event:default` to a window that must not learn of other
workspaces. `account_status` tells which identity is the host, and which there are to choose from.

Pages of other origins get nothing. If a window navigates to another origin, Tauri looks for a capability for that origin,
and none has one (one with `remote` would; write none for this plugin). A frame of another origin does not get Tauri's script,
and a call without the key that the script has is dropped. A real window is asked both ways (`tests/webdriver/foreign.test.ts`).

## The table

"None" is nothing at all, and "all" everything that no entry denies.

"#;
