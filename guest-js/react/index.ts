/**
 * React hooks for the plugin's calls and events, and parts to build a page from; an optional entry:
 * `tauri-plugin-ravi-api/react`.
 *
 * All components of a page share what a hook loads: it is loaded once, and the plugin's events report changes, whichever
 * window or program made them. Besides the permission for the call, the window needs `core:event:default`; without it the
 * hooks load, and report why they do not follow changes.
 *
 * @module
 */

export * from './hooks'
export type { Job, ProgressStep } from './jobs'
export { AccountState } from './AccountState'
export { ChooseHost, type ChooseHostProps } from './ChooseHost'
export { LABELS, type Labelled, type Labels } from './labels'
export { PowerSwitch } from './PowerSwitch'
export { ProgressSteps, type ProgressStepsProps } from './ProgressSteps'
export { SignIn, type SignInProps } from './SignIn'
export { WorkspaceIdentity, type WorkspaceIdentityProps, type WorkspaceInfo } from './WorkspaceIdentity'
