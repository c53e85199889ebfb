import { listen } from '@tauri-apps/api/event'
import type {
  Environment,
  OwedRevocation,
  Progress,
  Provisioned,
  ProvisionRequest,
  ReapReport,
  Released,
  Suspended,
  WorkspaceChange,
  WorkspaceSummary,
} from './bindings'
import { call, longCall } from './ipc'

/** What {@link provision} takes: a folder, a name, the app's own id for it if the app keeps ids, and anything else wanted. */
export type ProvisionOptions = Omit<ProvisionRequest, Switch> & Partial<Pick<ProvisionRequest, Switch>>

/** Off, or chosen by the plugin, unless given. */
type Switch = 'id' | 'phone' | 'sign' | 'share' | 'no_key' | 'main' | 'join' | 'unconfirmed'

/** How to watch a long call. */
export interface ProgressOptions {
  /** Called at each step, but never after the promise has settled. */
  onProgress?: (progress: Progress) => void
}

/** Options of {@link release}. */
export interface ReleaseOptions extends ProgressOptions {
  /** Retire the identity instead of keeping it for the next workspace. */
  retire?: boolean
}

/**
 * Gives a workspace its own identity, or finishes what an earlier call began; it may be repeated. Needs
 * `ravi:allow-workspace-provision`, part of `ravi:default`.
 *
 * @example
 * ```ts
 * const { identity } = await ravi.workspaces.provision(
 *   { path: '/home/me/app-worktrees/payments', id: 'w1', name: 'payments agent' },
 *   { onProgress: ({ step, state }) => console.log(step, state) },
 * )
 * ```
 */
export function provision(request: ProvisionOptions, options: ProgressOptions = {}): Promise<Provisioned> {
  return longCall('workspace_provision', { request }, options.onProgress)
}

/** Takes a workspace down; `target` is its id or its path. Needs `ravi:allow-workspace-release`, part of `ravi:default`. */
export function release(target: string, options: ReleaseOptions = {}): Promise<Released> {
  return longCall('workspace_release', { target, retire: options.retire ?? false }, options.onProgress)
}

/**
 * Revokes a workspace's key and keeps its identity, until it is used again; `target` is its id or its path. Needs
 * `ravi:allow-workspace-suspend`, part of `ravi:default`.
 */
export function suspend(target: string): Promise<Suspended> {
  return call('workspace_suspend', { target })
}

/** Gives a suspended workspace a key again. Needs `ravi:allow-workspace-wake`, part of `ravi:default`. */
export function wake(target: string, options: ProgressOptions = {}): Promise<Provisioned> {
  return longCall('workspace_wake', { target }, options.onProgress)
}

/** All workspaces that the window's scope allows, oldest first. Needs `ravi:allow-workspace-list`, part of `ravi:default`. */
export function list(): Promise<WorkspaceSummary[]> {
  return call('workspace_list')
}

/** The workspace that `path` belongs to. Needs `ravi:allow-workspace-status`, part of `ravi:default`. */
export function status(path: string): Promise<WorkspaceSummary> {
  return call('workspace_status', { path })
}

/**
 * What processes that run in the workspace are given: names and values, and a folder to put first on PATH. Contains no secret.
 * Needs `ravi:allow-workspace-env`, part of `ravi:default`.
 */
export function env(path: string): Promise<Environment> {
  return call('workspace_env', { path })
}

/** Revocations that Ravi has not carried out yet, oldest first. Needs `ravi:allow-workspace-owed`, part of `ravi:default`. */
export function owed(): Promise<OwedRevocation[]> {
  return call('workspace_owed')
}

/**
 * Returns what {@link reap} would do; changes nothing. If Ravi does not answer within 5 s, the plan contains what is visible
 * from this machine, and `keys_unseen` says why. Needs `ravi:allow-workspace-reap-plan`, part of `ravi:default`, without a
 * scope that limits the window to certain workspaces.
 */
export function reapPlan(): Promise<ReapReport> {
  return call('workspace_reap_plan')
}

/**
 * Releases what nobody else will: workspaces whose worktree is gone, provisions that were never finished, keys that no
 * workspace has. Anything that cannot be seen, such as a disk that is not mounted, is left alone. Needs
 * `ravi:allow-workspace-reap` (or `ravi:workspaces`), without a scope that limits the window to certain workspaces.
 */
export function reap(options: ProgressOptions = {}): Promise<ReapReport> {
  return longCall('workspace_reap', {}, options.onProgress)
}

/**
 * Calls `handler` after each provision, release, suspension, waking and reap, including failed ones, whoever requested it: a
 * window, the app itself or another program on the same ledger.
 *
 * @returns an unsubscribe function.
 */
export function onChange(handler: (change: WorkspaceChange) => void): Promise<() => void> {
  return listen<WorkspaceChange>('ravi://workspace', ({ payload }) => handler(payload))
}

/**
 * Calls `handler` at each step of whatever is done with a workspace, by this window, another one, the app itself or another
 * program. {@link onChange} tells you when it is over.
 *
 * @returns an unsubscribe function.
 */
export function onProgress(handler: (progress: Progress) => void): Promise<() => void> {
  return listen<Progress>('ravi://progress', ({ payload }) => handler(payload))
}
