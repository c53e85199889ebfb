// Where CodexMonitor calls Ravi: which file, where in it, and the lines that are put there. None of the app's own text is
// here; a place is named by the functions, types and elements around it. Lines are only added and never changed, so that
// removing them again is enough: what has to differ is rebound (`let token = …`) or put inside a block.
import { join } from 'node:path'

import { object, table } from './lib/data-anchors.mjs'
import { asks, binds, calls, fn, item, struct } from './lib/rust-anchors.mjs'
import * as ts from './lib/ts-anchors.mjs'

const DESKTOP = 'any(target_os = "linux", target_os = "macos")'

/** For code that rustfmt would wrap or indent: our lines stay single lines, and the app's lines stay as they are. */
const UNFORMATTED = '#[rustfmt::skip]'

/** The module with the calls, or on other platforms the one that does nothing. */
const module = (name, folder = '') => [
  `#[cfg(${DESKTOP})]`,
  `#[path = "${folder}${name}.rs"]`,
  `mod ${name};`,
  '#[allow(dead_code)]',
  `#[cfg(not(${DESKTOP}))]`,
  `#[path = "${folder}${name}_off.rs"]`,
  `mod ${name};`,
]

/** One file's edits: `[place, lines]`, and for a place around something also the lines after it. */
const edits = (file, ...places) => places.map(([at, add, close]) => ({ file, at, add: [add].flat(), close: [close ?? []].flat() }))

/** A dependency on one of our crates, from its registry or from a checkout of the plugin. */
const crate = (checkout, folder, rest) =>
  `{ ${checkout ? `path = ${JSON.stringify(join(checkout, folder))}` : 'version = "0.1"'}${rest} }`

const dependencies = (checkout) => [
  ...edits('src-tauri/Cargo.toml', [
    table('dependencies').before,
    [
      `[target.${JSON.stringify(`cfg(${DESKTOP})`)}.dependencies]`,
      // Only what the app uses: every other capability brings further packages.
      `tauri-plugin-ravi = ${crate(checkout, '', ', default-features = false, features = ["codex"]')}`,
      // The daemon uses these and not the plugin, so it links no web view.
      `ravi-workspace-core = ${crate(checkout, 'crates/ravi-workspace-core', '')}`,
      `ravi-workspace-helper = ${crate(checkout, 'crates/ravi-workspace-helper', '')}`,
    ],
  ]),
  ...edits('package.json', [
    object('dependencies').start,
    `"tauri-plugin-ravi-api": ${JSON.stringify(checkout ? `file:${checkout}` : '^0.1.0')},`,
  ]),
]

const app = [
  ...edits('src-tauri/src/main.rs', [
    // Before anything else, because git, gh and ravi call this program as their helper.
    fn('main').start,
    [`#[cfg(${DESKTOP})]`, 'tauri_plugin_ravi::helper_main();'],
  ]),
  ...edits(
    'src-tauri/src/lib.rs',
    [
      item('mod remote_backend').before,
      [...module('ravi_app'), ...module('ravi_core')],
    ],
    [fn('run').statement(calls('invoke_handler')).before, 'let builder = builder.plugin(ravi_app::plugin());'],
    [fn('run').innermost(calls('AppState::load')).before, 'ravi_app::start_app(app.handle());'],
  ),
  ...edits(
    'src-tauri/src/tailscale/daemon_commands.rs',
    // A daemon that finds its token itself is started without one: arguments are in the process list.
    [
      fn('tailscale_daemon_start').statement(binds('child')).around,
      [
        'let spawned = crate::ravi_core::spawn_daemon(&daemon_binary, &listen_addr, &data_dir);',
        UNFORMATTED,
        'let child = if let Some(spawned) = spawned { spawned? } else {',
      ],
      'child };',
    ],
  ),
]

const shared = [
  ...edits(
    'src-tauri/src/storage.rs',
    // After the app's own migrations, and before its own serialisation.
    [fn('finalize_loaded_settings').beforeLast, 'let settings = crate::ravi_core::resolve_settings(path, settings);'],
    [
      fn('write_settings').statement(calls('to_string_pretty')).before,
      [UNFORMATTED, 'let () = if let Some(saved) = crate::ravi_core::save_settings(path, &settings) { return saved };'],
    ],
  ),
  ...edits('src-tauri/src/types.rs', [
    struct('WorkspaceInfo').end,
    ['#[serde(default, skip_serializing_if = "Option::is_none")]', 'pub(crate) ravi: Option<serde_json::Value>,'],
  ]),
  ...edits(
    'src-tauri/src/shared/process_core.rs',
    ...['tokio_command', 'std_command'].map((name) => [
      fn(name).start,
      'let program = crate::ravi_core::program(program.as_ref());',
    ]),
  ),
  ...edits(
    'src-tauri/src/shared/codex_core.rs',
    ...['start_thread_core', 'resume_thread_core', 'fork_thread_core'].map((name) => [
      fn(name).beforeLast,
      'let params = crate::ravi_core::thread_config(&workspace_id, params).await?;',
    ]),
  ),
  ...edits('src-tauri/src/shared/codex_aux_core.rs', [
    fn('run_background_prompt_core').statement(binds('thread_result')).before,
    'let thread_params = crate::ravi_core::thread_config(&workspace_id, thread_params).await?;',
  ]),
]

/** The value that a core returns includes the address. */
const described = (name, id) => [fn(name).literal('WorkspaceInfo').start, `ravi: crate::ravi_core::describe(&${id}),`]

const workspaces = [
  ...edits('src-tauri/src/shared/workspaces_core/helpers.rs', described('list_workspaces_core', 'entry.id')),
  ...edits(
    'src-tauri/src/shared/workspaces_core/crud_persistence.rs',
    described('add_workspace_core', 'entry.id'),
    described('add_workspace_from_git_url_core', 'entry.id'),
    // Before the lock for spawning is taken, so that nobody waits for Ravi behind it.
    [
      fn('add_clone_core').statement(calls('workspace_session_spawn_lock')).before,
      [
        'let undo = || tokio::fs::remove_dir_all(&destination_path);',
        'let added = crate::ravi_core::provision_clone(&entry, undo).await?;',
      ],
    ],
    [fn('add_clone_core').beforeLast, 'added.keep();'],
    described('add_clone_core', 'entry.id'),
    [fn('remove_workspace_core').statement(calls('write_workspaces')).before, 'let gone = ids_to_remove.clone();'],
    [
      fn('remove_workspace_core').statement(calls('write_workspaces')).after,
      'gone.iter().for_each(|id| crate::ravi_core::removed(id));',
    ],
    described('update_workspace_settings_core', 'entry_snapshot.id'),
  ),
  ...edits(
    'src-tauri/src/shared/workspaces_core/worktree.rs',
    [
      fn('add_worktree_core').statement(calls('workspace_session_spawn_lock')).before,
      [
        'let undo = ["worktree", "remove", "--force", &worktree_path_string];',
        'let undo = || run_git_command(&repo_path, &undo);',
        'let added = crate::ravi_core::provision(&entry, undo).await?;',
      ],
    ],
    [fn('add_worktree_core').beforeLast, 'added.keep();'],
    described('add_worktree_core', 'entry.id'),
    // Only now, with the worktree gone and the list written, may the identity go.
    [fn('remove_worktree_core').beforeLast, 'crate::ravi_core::removed(&entry.id);'],
    [fn('rename_worktree_core').beforeLast, 'crate::ravi_core::renamed(&entry_snapshot).await;'],
    described('rename_worktree_core', 'entry_snapshot.id'),
  ),
  ...edits('src-tauri/src/workspaces/tests.rs', [fn('workspace_with_id_and_kind').literal('WorkspaceInfo').start, 'ravi: None,']),
]

const daemon = [
  ...edits(
    'src-tauri/src/bin/codex_monitor_daemon.rs',
    [
      item('mod git_utils').after,
      module('ravi_core', '../'),
    ],
    [fn('main').start, 'ravi_core::helper_main();'],
    [fn('parse_args').arm('--insecure-no-auth').before, '"--token-grace" => ravi_core::set_token_grace(args.next())?,'],
    [
      fn('parse_args').statement(calls('is_none')).before,
      [
        'ravi_core::start(&data_dir.clone().unwrap_or_else(default_data_dir))?;',
        'let token = ravi_core::daemon_token(token, insecure_no_auth)?;',
      ],
    ],
    [fn('main').innermost(calls('DaemonState::load')).after, 'ravi_core::tend();'],
  ),
  ...edits('src-tauri/src/bin/codex_monitor_daemon/transport.rs', [
    fn('handle_client').innermost(binds('provided')).after,
    'let (expected, provided) = crate::ravi_core::compared(expected, provided).await;',
  ]),
  ...edits(
    'src-tauri/src/bin/codex_monitor_daemonctl.rs',
    [
      item('mod daemon_binary').after,
      ['#[allow(dead_code)]', '#[path = "../ravi_core_off.rs"]', 'mod ravi_core;', '#[path = "../ravi_ctl.rs"]', 'mod ravi_ctl;'],
    ],
    [
      fn('run').statement(binds('token')).after,
      [
        'let is_preview = matches!(args.command, CliCommand::CommandPreview);',
        'let daemon = || resolve_daemon_path(args.daemon_path.as_deref());',
        'let token = ravi_ctl::token(token, is_preview, daemon, &data_dir);',
      ],
    ],
    [fn('daemon_start').statement(asks('insecure_no_auth')).around, [UNFORMATTED, 'let () = if !ravi_ctl::daemon_has_it() {'], '};'],
  ),
]

const window = [
  ...edits('src/types.ts', [ts.type('WorkspaceInfo').start, 'ravi?: import("./services/ravi").RaviInfo | null;']),
  ...edits('src/features/settings/components/settingsTypes.ts', [ts.constant('SETTINGS_SECTION_IDS').start, '"ravi",']),
  ...edits('src/features/settings/components/settingsViewConstants.ts', [
    ts.constant('SETTINGS_SECTION_LABELS').start,
    'ravi: "Identities",',
  ]),
  ...edits(
    'src/features/settings/components/SettingsNav.tsx',
    [ts.imports, 'import { RaviNavItem } from "@/features/ravi/components/RaviNavItem";'],
    [
      ts.tag('PanelNavList').end,
      '<RaviNavItem active={activeSection === "ravi"} showDisclosure={showDisclosure} onClick={() => onSelectSection("ravi")} />',
    ],
  ),
  ...edits(
    'src/features/settings/components/sections/SettingsSectionContainers.tsx',
    [ts.imports, 'import { RaviSettings } from "@/features/ravi/components/RaviSettings";'],
    [ts.fn('SettingsSectionContainers').start, 'if (activeSection === "ravi") return <RaviSettings />;'],
  ),
  ...['WorkspaceCard', 'WorktreeCard'].flatMap((name) => {
    const [workspace, copy] = name === 'WorkspaceCard' ? ['workspace', 'workspace-copy'] : ['worktree', 'worktree-copy']
    return edits(
      `src/features/app/components/${name}.tsx`,
      [ts.imports, 'import { RaviAddress } from "@/features/ravi/components/RaviAddress";'],
      [ts.className(copy).end, `<RaviAddress workspace={${workspace}} />`],
    )
  }),
  ...edits(
    'src/features/workspaces/components/WorkspaceHome.tsx',
    [ts.imports, 'import { RaviIdentity } from "@/features/ravi/components/RaviIdentity";'],
    [ts.className('workspace-home-composer').before, '<RaviIdentity workspace={workspace} />'],
  ),
  ...['WorktreePrompt', 'ClonePrompt'].flatMap((name) =>
    edits(
      `src/features/workspaces/components/${name}.tsx`,
      [ts.imports, 'import { RaviProgress } from "@/features/ravi/components/RaviProgress";'],
      [ts.className('ds-modal-actions').before, '<RaviProgress isBusy={isBusy} />'],
    ),
  ),
]

/** All edits, in a sensible reading order. */
export function allEdits(checkout) {
  return [...dependencies(checkout), ...shared, ...workspaces, ...app, ...daemon, ...window]
}
