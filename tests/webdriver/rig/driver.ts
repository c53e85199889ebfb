// WebKit's own WebDriver, started for one app.
//
// It is spoken to directly: `tauri-driver` only hands its calls on, renames one capability and sets one variable, which
// are the few lines below, and would have to be compiled on every machine that runs the tests.
import { spawn, type ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import { Builder, Capabilities, type WebDriver } from 'selenium-webdriver'
import { until } from './wait'

/** A window of an app, and what drives it. */
export interface Driven {
  driver: WebDriver
  /** Ends the app and the driver, whatever state they are in. */
  end: () => Promise<void>
}

/** Starts `program` with a window that is driven. */
export async function drive(program: string, env: NodeJS.ProcessEnv): Promise<Driven> {
  const port = await freePort()
  const server = `http://127.0.0.1:${port}`
  // A process group of its own: an app that outlives its driver would keep the whole run from ending.
  const child = spawn('WebKitWebDriver', [`--port=${port}`, '--host=127.0.0.1'], {
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...env, TAURI_AUTOMATION: 'true', TAURI_WEBVIEW_AUTOMATION: 'true' },
  })
  const failed = new Promise<never>((_, reject) => child.once('error', reject))
  try {
    await Promise.race([failed, until('the driver answers', () => answers(`${server}/status`))])
    const wanted = new Capabilities({ browserName: 'wry', 'webkitgtk:browserOptions': { binary: program, args: [] } })
    const driver = await new Builder().usingServer(server).withCapabilities(wanted).build()
    return { driver, end: () => end(child, driver) }
  } catch (error) {
    await end(child)
    throw error
  }
}

async function end(child: ChildProcess, driver?: WebDriver): Promise<void> {
  // The app may be gone already, and its session with it.
  await driver?.quit().catch(() => undefined)
  const gone = child.exitCode !== null ? Promise.resolve() : new Promise((resolve) => child.once('exit', resolve))
  try {
    if (child.pid) process.kill(-child.pid, 'SIGKILL')
  } catch {
    return // the whole group has ended by itself
  }
  await gone
}

async function answers(address: string): Promise<boolean> {
  return fetch(address).then((reply) => reply.ok, () => false)
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
