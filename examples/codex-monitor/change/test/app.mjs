// A made-up app that contains what the change looks for, in files of a few lines each.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'

const info = (id) => `Ok(WorkspaceInfo {
        id: ${id}.id,
        name: ${id}.name,
    })`

const thread = (name) => `pub(crate) async fn ${name}(workspace_id: String) -> Result<Value, String> {
    let params = json!({ "one": 1 });
    send(&workspace_id, params).await
}
`

const card = (name, copy) => `import type { Thing } from "./thing";

export function ${name}({ thing }: { thing: Thing }) {
  return (
    <div className={\`card \${thing.open ? "open" : ""}\`}>
      <div className="${copy}">
        <span>It's the agent's {thing.name}</span>
      </div>
    </div>
  );
}
`

const prompt = (name) => `import { Shell } from "./shell";

export function ${name}({ isBusy }: { isBusy: boolean }) {
  return (
    <Shell>
      <div className="ds-modal-actions prompt-actions">
        <button disabled={isBusy}>Create</button>
      </div>
    </Shell>
  );
}
`

export const FILES = {
  'package.json': `{
  "name": "codex-monitor",
  "version": "0.7.68",
  "dependencies": {
    "react": "^19.1.0"
  }
}
`,
  'src-tauri/Cargo.toml': `[package]
name = "made-up"

[dependencies]
serde = "1"
`,
  'src-tauri/src/main.rs': `fn main() {
    made_up::run()
}
`,
  'src-tauri/src/lib.rs': `mod prompts;
mod remote_backend;

pub fn run() {
    let builder = Builder::default().setup(|app| {
        let state = state::AppState::load(app.handle());
        app.manage(state);
        Ok(())
    });
    let app = builder
        .invoke_handler(handlers![one, two])
        .build();
    app.run();
}
`,
  'src-tauri/src/storage.rs': `pub(crate) fn write_settings(path: &PathBuf, settings: &AppSettings) -> Result<(), String> {
    let settings = settings.clone();
    let data = serde_json::to_string_pretty(&settings).map_err(|e| e.to_string())?;
    std::fs::write(path, data).map_err(|e| e.to_string())
}

fn finalize_loaded_settings(path: &PathBuf, settings: AppSettings) -> AppSettings {
    if settings.is_odd() {
        write_settings(path, &settings).ok();
    }
    settings
}
`,
  'src-tauri/src/types.rs': `#[derive(Clone)]
pub(crate) struct WorkspaceInfo {
    pub(crate) id: String,
}
`,
  'src-tauri/src/shared/process_core.rs': `pub(crate) fn tokio_command(program: impl AsRef<OsStr>) -> Command {
    Command::new(program)
}

pub(crate) fn std_command(program: impl AsRef<OsStr>) -> StdCommand {
    StdCommand::new(program)
}
`,
  'src-tauri/src/shared/codex_core.rs': ['start', 'resume', 'fork'].map((one) => thread(`${one}_thread_core`)).join('\n'),
  'src-tauri/src/shared/codex_aux_core.rs': `pub(crate) async fn run_background_prompt_core<F>(
    workspace_id: String,
    on_hide: F,
) -> Result<String, String>
where
    F: Fn(&str, &str),
{
    let thread_params = json!({ "one": 1 });
    let thread_result = send(&workspace_id, thread_params).await?;
    Ok(thread_result.to_string())
}
`,
  'src-tauri/src/shared/workspaces_core/helpers.rs': `pub(crate) async fn list_workspaces_core(entries: &Map) -> Vec<WorkspaceInfo> {
    let mut result = Vec::new();
    for entry in entries.values() {
        result.push(WorkspaceInfo {
            id: entry.id.clone(),
        });
    }
    result
}
`,
  'src-tauri/src/shared/workspaces_core/crud_persistence.rs': `pub(crate) async fn add_workspace_core(path: String) -> Result<WorkspaceInfo, String> {
    let entry = entry_of(path);
    ${info('entry')}
}

pub(crate) async fn add_workspace_from_git_url_core(url: String) -> Result<WorkspaceInfo, String> {
    let entry = entry_of(url);
    ${info('entry')}
}

pub(crate) async fn add_clone_core(name: String) -> Result<WorkspaceInfo, String> {
    let destination_path = folder_of(&name);
    let entry = entry_of(name);
    let _guard = workspace_session_spawn_lock().lock().await;
    ${info('entry')}
}

pub(crate) async fn remove_workspace_core<F>(id: String, run: F) -> Result<(), String>
where
    F: Fn(&PathBuf, &[&str]) -> Result<(), String>,
{
    let ids_to_remove = vec![id];
    {
        for one in ids_to_remove {
            forget(&one);
        }
        write_workspaces()?;
    }
    Ok(())
}

pub(crate) async fn update_workspace_settings_core(id: String) -> Result<WorkspaceInfo, String> {
    let entry_snapshot = entry_of(id);
    ${info('entry_snapshot')}
}
`,
  'src-tauri/src/shared/workspaces_core/worktree.rs': `pub(crate) async fn add_worktree_core(branch: String) -> Result<WorkspaceInfo, String> {
    let entry = entry_of(branch);
    let _guard = workspace_session_spawn_lock().lock().await;
    ${info('entry')}
}

pub(crate) async fn remove_worktree_core(id: String) -> Result<(), String> {
    let entry = entry_of(id);
    Ok(())
}

pub(crate) async fn rename_worktree_core(id: String) -> Result<WorkspaceInfo, String> {
    let entry_snapshot = entry_of(id);
    ${info('entry_snapshot')}
}
`,
  'src-tauri/src/workspaces/tests.rs': `fn workspace_with_id_and_kind(id: &str) -> WorkspaceInfo {
    WorkspaceInfo {
        id: id.to_string(),
    }
}
`,
  'src-tauri/src/tailscale/daemon_commands.rs': `pub(super) async fn tailscale_daemon_start() -> Result<(), String> {
    let child = tokio_command(&daemon_binary)
        .arg("--token")
        .spawn()
        .map_err(|e| e.to_string())?;
    keep(child);
    Ok(())
}
`,
  'src-tauri/src/bin/codex_monitor_daemon.rs': `#[path = "../git_utils.rs"]
mod git_utils;

fn parse_args() -> Result<Config, String> {
    let mut token = None;
    let mut args = env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--insecure-no-auth" => {
                token = None;
            }
            _ => return Err("--insecure-no-auth =>".to_string()),
        }
    }
    if token.is_none() && !insecure_no_auth {
        return Err("no token".to_string());
    }
    Ok(Config { token })
}

fn main() {
    let config = parse_args();
    runtime.block_on(async move {
        let state = Arc::new(DaemonState::load(&config));
        serve(state).await;
    });
}
`,
  'src-tauri/src/bin/codex_monitor_daemon/transport.rs': `pub(super) async fn handle_client(config: Arc<Config>) {
    while let Some(line) = next().await {
        if !authenticated {
            let expected = config.token.clone();
            let provided = token_of(&line);
            if expected != provided {
                continue;
            }
        }
    }
}
`,
  'src-tauri/src/bin/codex_monitor_daemonctl.rs': `#[path = "../daemon_binary.rs"]
mod daemon_binary;

async fn run() -> Result<(), String> {
    let token = if args.insecure { None } else { find() };
    use_it(token)
}

async fn daemon_start(insecure_no_auth: bool) -> Result<(), String> {
    if !insecure_no_auth && token.is_none() {
        return Err("no token".to_string());
    }
    if insecure_no_auth {
        command.arg("--insecure-no-auth");
    } else {
        command.arg("--token");
    }
    Ok(())
}
`,
  'src/types.ts': `export type WorkspaceInfo = {
  id: string;
};
`,
  'src/features/settings/components/settingsTypes.ts': `export const SETTINGS_SECTION_IDS = [
  "projects",
] as const;
`,
  'src/features/settings/components/settingsViewConstants.ts': `import type { Section } from "./types";

export const SETTINGS_SECTION_LABELS: Record<Section, string> = {
  projects: "Projects",
};
`,
  'src/features/settings/components/SettingsNav.tsx': `import { PanelNavList } from "./panel";

export function SettingsNav() {
  return (
    <PanelNavList className="list">
      <span>One &amp; two don't count</span>
    </PanelNavList>
  );
}
`,
  'src/features/settings/components/sections/SettingsSectionContainers.tsx': `import { One } from "./One";

export function SettingsSectionContainers({
  activeSection,
}: {
  activeSection: string;
}) {
  return activeSection === "one" ? <One /> : null;
}
`,
  'src/features/app/components/WorkspaceCard.tsx': card('WorkspaceCard', 'workspace-copy'),
  'src/features/app/components/WorktreeCard.tsx': card('WorktreeCard', 'worktree-copy'),
  'src/features/workspaces/components/WorkspaceHome.tsx': `import { Composer } from "./composer";

export function WorkspaceHome() {
  return (
    <main>
      <div className="workspace-home-composer">
        <Composer onSend={() => {}} />
      </div>
    </main>
  );
}
`,
  'src/features/workspaces/components/WorktreePrompt.tsx': prompt('WorktreePrompt'),
  'src/features/workspaces/components/ClonePrompt.tsx': prompt('ClonePrompt'),
}

/** Writes files below a new folder and returns it. */
export function folderWith(files) {
  const folder = mkdtempSync(join(tmpdir(), 'ravi-change-'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

/** `name → text` of all files below a folder. */
export function filesOf(folder, below = folder) {
  return Object.fromEntries(
    readdirSync(below)
      .sort()
      .flatMap((name) => {
        const path = join(below, name)
        if (statSync(path).isDirectory()) return Object.entries(filesOf(folder, path))
        return [[relative(folder, path), readFileSync(path, 'utf8')]]
      }),
  )
}
