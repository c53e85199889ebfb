import type { ErrorBody } from './bindings'

/** A command as it is called: `plugin:ravi|secret_get`, or one of the app's own. */
interface Command {
  plugin: string | undefined
  name: string
}

/** Plugins that are part of Tauri; their permissions begin with `core:`. */
const CORE = ['app', 'event', 'image', 'menu', 'path', 'resources', 'tray', 'webview', 'window']

/**
 * Interprets what Tauri said when it did not run a command: a text without a code or a next step, and with fewer details in a
 * release build. `called` is the command, if it is known.
 */
export function refusal(text: string, called?: string): ErrorBody {
  const command = commandIn(text) ?? (called === undefined ? undefined : parse(called))
  return (
    badArguments(text, command) ??
    badScope(text, command) ??
    unknown(text, command) ??
    forbidden(text, command) ?? {
      code: 'ipc.refused',
      message: text,
      hint: 'Tauri did not run the command. Make sure that the plugin is registered, and that the window\'s capability has the permission, for example `ravi:default`.',
    }
  )
}

function badArguments(text: string, command: Command | undefined): ErrorBody | undefined {
  const [, argument, name] = /^invalid args `(.*?)` for command `(.*?)`: /s.exec(text) ?? []
  if (!argument) return undefined
  const what = text.includes('missing required key') ? `Give \`${argument}\` to` : `Correct \`${argument}\` for`
  const also = command?.plugin === 'ravi' ? ' If the types are right, make sure that the npm package and the plugin have the same version.' : ''
  return { code: 'ipc.arguments', message: text, hint: `${what} \`${name}\`.${also}` }
}

function badScope(text: string, command: Command | undefined): ErrorBody | undefined {
  if (!text.startsWith('error deserializing scope: ')) return undefined
  const of = command ? ` of \`${permission(command)}\`, or of a set that has it,` : ''
  return {
    code: 'ipc.scope',
    message: text,
    hint: `An entry in the scope${of} cannot be read: correct it in the capability file. Each entry is one of {"key": …}, {"workspace": …}, {"path": …}, {"identity": …}, {"codexHome": …}, {"file": …}, {"place": …}.`,
  }
}

function unknown(text: string, command: Command | undefined): ErrorBody | undefined {
  if (/^plugin \S+ not found$|not allowed\. Plugin not found$/.test(text)) {
    return { code: 'ipc.refused', message: text, hint: 'Register the plugin: `.plugin(tauri_plugin_ravi::init())`.' }
  }
  if (!/^Command \S+ not found$|not allowed\. Command not found$/.test(text)) return undefined
  const hint =
    command?.plugin === 'ravi'
      ? 'The app was built with an older plugin than the npm package: give tauri-plugin-ravi and tauri-plugin-ravi-api the same version.'
      : 'Make sure that the command is in the app\'s `invoke_handler`.'
  return { code: 'ipc.unknown_command', message: text, hint }
}

function forbidden(text: string, command: Command | undefined): ErrorBody | undefined {
  if (!command || !/not allowed|explicitly denied/.test(text)) return undefined
  const allow = permission(command)
  const [, others = ''] = /Permissions associated with this command: (.*)/.exec(text) ?? []
  const sets = others.split(', ').filter((one) => one && one !== allow)
  const of = sets.length > 0 ? ` (or ${sets.map((one) => `\`${one}\``).join(', ')})` : ''
  return { code: 'ipc.refused', message: text, hint: `${hint(text, allow, of)}${scoped(command)}` }
}

function hint(text: string, allow: string, of: string): string {
  if (text.includes('explicitly denied')) {
    return `Take \`${allow.replace(':allow-', ':deny-')}\` out of the capability that the message names.`
  }
  if (/not allowed on (origin|window "[^\n]*URL: (?!local))/.test(text)) {
    return `Pages of other origins get nothing unless a capability lists them in \`remote.urls\`, with \`${allow}\`${of}.`
  }
  if (text.includes('not allowed on window')) return `Add \`${allow}\`${of} to a capability whose \`windows\` has this window.`
  return `Add \`${allow}\`${of} to the permissions of this window's capability file.`
}

/** An addition to the hint for commands whose permission allows nothing without a scope. */
function scoped({ plugin, name }: Command): string {
  const named = plugin === 'ravi' && /^(secret_(get|set|delete|rotate)|settings_(migrate|undo))$/.test(name)
  return named ? ' It needs a scope that names the secrets, such as {"key": "MY_APP_*"}.' : ''
}

/** `ravi:allow-secret-get` for `plugin:ravi|secret_get`. */
function permission({ plugin, name }: Command): string {
  const allow = `allow-${name.replaceAll('_', '-')}`
  if (!plugin) return allow
  return `${CORE.includes(plugin) ? 'core:' : ''}${plugin}:${allow}`
}

/** The command named in the text itself. */
function commandIn(text: string): Command | undefined {
  const [, called] = /^Command (plugin:\S+) not allowed by ACL/.exec(text) ?? []
  if (called) return parse(called)
  const [, plugin, name] = /^([\w:-]+)\.([\w-]+) (?:not allowed|explicitly denied)/.exec(text) ?? []
  return plugin && name ? { plugin, name } : undefined
}

function parse(called: string): Command {
  const [, plugin, name] = /^plugin:([^|]+)\|(.+)$/.exec(called) ?? []
  return plugin && name ? { plugin, name } : { plugin: undefined, name: called }
}
