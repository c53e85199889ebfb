import type { Account, BundleInfo, ErrorBody, GithubInfo, KeySource, Sharing, Step, StepState } from '../index'

/** Every text of the parts, so that an app can replace any of them. */
export interface Labels {
  /** The text for an error; by default the plugin's own. */
  error: (error: ErrorBody) => Pick<ErrorBody, 'message' | 'hint'>
  again: string
  cancel: string
  copyShort: string
  copy: (what: string) => string
  copied: string
  copyByHand: string

  signInLead: string
  signIn: string
  starting: string
  approve: string
  code: string
  open: string
  address: string
  fallback: string
  compare: string
  remaining: (time: string) => string
  expired: string
  newCode: string

  chooseHost: string
  makeHost: string
  makeHostWarning: string

  account: string
  accountLoading: string
  signedInBy: string
  source: (source: KeySource) => string
  reaches: string
  reach: (key: Account['key']) => string
  host: string
  noHost: string
  keptIn: string
  kept: (kept: NonNullable<Account['kept']>) => string
  signOut: string
  signOutWarning: string

  power: string
  powerLead: string
  powerOff: string
  renew: string
  renewWarning: string
  renewed: (aside: string) => string

  noIdentity: string
  email: string
  phone: string
  shared: string
  sharing: (sharing: Sharing) => string
  key: string
  noKey: string
  author: string
  noAuthor: string
  github: string
  githubSource: (github: GithubInfo) => string
  noGithub: string
  given: string
  gift: (given: BundleInfo) => string
  none: string
  folderGone: ErrorBody
  folderUnseen: ErrorBody

  progress: string
  begin: string
  step: (step: Step) => string
  stepState: (state: StepState) => string
}

const SOURCES: Record<KeySource, string> = {
  builder: 'this app',
  environment: 'RAVI_API_KEY',
  systemd: 'a systemd credential',
  login: 'a login on this machine',
}
const STEPS: Record<Step, string> = {
  inspect: 'Check the folder',
  identity: 'Find or make the identity',
  key: 'Get its key',
  phone: 'Get a phone number',
  git: 'Set the git author',
  files: 'Write its files',
  github: 'Choose the GitHub login',
  bundle: 'Give it its credentials',
  undo: 'Undo git values and files',
  revoke: 'Revoke the key',
  park: 'Put the identity back',
}
const STATES: Record<StepState, string> = { started: 'running', done: 'done', skipped: 'not needed', failed: 'failed' }

/** The texts in English. */
export const LABELS: Labels = {
  error: ({ message, hint }) => ({ message, hint }),
  again: 'Try again',
  cancel: 'Cancel',
  copyShort: 'Copy',
  copy: (what) => `Copy ${what}`,
  copied: 'Copied',
  copyByHand: 'Select it and copy by hand',

  signInLead: 'Nobody is signed in. You get a code here and approve it in the browser, on this machine or another.',
  signIn: 'Sign in',
  starting: 'Asking Ravi for a code…',
  approve: 'Approve this login',
  code: 'Your code is',
  open: 'Open',
  address: 'address',
  fallback: 'If it does not open:',
  compare: 'Check that the page shows the same code.',
  remaining: (time) => `It is valid for ${time}.`,
  expired: 'The code has expired.',
  newCode: 'Get a new code',

  chooseHost: "Which identity should hold the app's own secrets?",
  makeHost: 'Make a new one',
  makeHostWarning: 'This uses up one of the identities that your plan allows.',

  account: 'Account',
  accountLoading: 'Reading the account…',
  signedInBy: 'Signed in by',
  source: (source) => SOURCES[source] ?? source,
  reaches: 'Reaches',
  reach: (key) => (key === 'management' ? 'the whole account' : 'one identity'),
  host: "App's identity",
  noHost: 'not chosen yet',
  keptIn: 'Kept in',
  kept: ({ keychain }) => (keychain === 'system' ? "the system's keychain" : 'a file that only you can read'),
  signOut: 'Sign out',
  signOutWarning: 'Agents keep their keys; nothing new can be set up.',

  power: 'Ravi',
  powerLead: 'Gives each agent an address, a git author and a key of its own, and keeps the secrets of this app.',
  powerOff: 'Ravi is switched off in this app.',
  renew: 'Begin a new ledger',
  renewWarning: 'The old one is put aside. What it knows of workspaces and keys is not carried over.',
  renewed: (aside) => `A new ledger was begun. The old one is in ${aside}.`,

  noIdentity: 'No identity yet',
  email: 'Email',
  phone: 'Phone',
  shared: 'Shared',
  sharing: ({ host, with: others }) => {
    const users = [host ? "the app's own secrets" : '', ...others].filter(Boolean)
    return users.length > 0 ? `address, inbox and vault with ${users.join(', ')}` : 'an identity that already existed'
  },
  key: 'Key',
  noKey: 'none: no inbox and no vault',
  author: 'Author',
  noAuthor: 'not set yet',
  github: 'GitHub',
  githubSource: ({ source, secret }) => {
    switch (source) {
      case 'workspace':
        return `its own token (${secret})`
      case 'host':
        return `the app's token (${secret})`
      case 'inherited':
        return 'your login'
      case 'denied':
        return 'none: refused until it has a token'
    }
  },
  noGithub: 'not chosen yet',
  given: 'Given',
  gift: ({ key, secret, source }) => (source === 'pool' ? `${key} (${secret})` : key),
  none: 'none',
  folderGone: { code: 'folder.gone', message: 'The folder is gone.', hint: 'Remove the worktree to free its identity.' },
  folderUnseen: { code: 'folder.unseen', message: 'The folder cannot be seen right now.', hint: 'Nothing is released until it can be seen again.' },

  progress: 'Progress',
  begin: 'Begin',
  step: (step) => STEPS[step] ?? step,
  stepState: (state) => STATES[state] ?? state,
}

/** Props that every part takes. */
export interface Labelled {
  /** Texts that replace the English ones. */
  labels?: Partial<Labels> | undefined
}

export const withLabels = (labels: Partial<Labels> | undefined): Labels => ({ ...LABELS, ...labels })
