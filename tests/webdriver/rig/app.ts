// The example app in a folder of its own, and what a person can see and do in its window.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { By, type WebDriver, type WebElement } from 'selenium-webdriver'
import { expect } from 'vitest'
import { addAxe, seriousFindings } from './axe'
import { drive, type Driven } from './driver'
import { gitEnv } from './git'
import { until } from './wait'

const target = new URL('../../../target', import.meta.url).pathname
const program = join(process.env.CARGO_TARGET_DIR ?? target, 'debug', 'codex-monitor-example')

/** An empty folder under target/webdriver, for one test file. */
export function emptyFolder(name: string): string {
  const folder = join(target, 'webdriver', name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  return folder
}

export class App {
  private constructor(
    readonly folder: string,
    private readonly driven: Driven,
  ) {}

  /** Starts the app; everything that it keeps is in `folder`. `more` adds to its environment. */
  static async start(folder: string, more: NodeJS.ProcessEnv = {}): Promise<App> {
    const { RAVI_API_URL: _url, RAVI_API_KEY: _key, RAVI_WORKSPACE_STATE: _state, ...rest } = process.env
    const env = {
      ...rest,
      ...gitEnv(folder),
      RAVI_EXAMPLE_DATA_DIR: join(folder, 'data'),
      RAVI_WORKSPACE_KEYCHAIN: 'file',
      // The work that a passphrase costs on purpose is none of these tests' business.
      RAVI_WORKSPACE_SCRYPT_WORK: '4',
      ...more,
    }
    const app = new App(folder, await drive(program, env))
    await app.see('h1')
    return app
  }

  get driver(): WebDriver {
    return this.driven.driver
  }

  async end(): Promise<void> {
    await this.driven.end()
  }

  /** A file that the app keeps, such as `settings.json`. */
  file(name: string): string {
    return join(this.folder, 'data', name)
  }

  /** Address of the stand-in inside the app. */
  service(): string {
    return `http://127.0.0.1:${readFileSync(this.file('stand-in/port'), 'utf8').trim()}`
  }

  /** Asks the stand-in inside the app to do what the outside world would: approve a login, deliver a mail. */
  async outside(what: string, order: unknown): Promise<void> {
    const headers = { 'content-type': 'application/json' }
    const reply = await fetch(`${this.service()}/_local/${what}`, { method: 'POST', body: JSON.stringify(order), headers })
    if (!reply.ok) throw new Error(`the stand-in refused: ${await reply.text()}`)
  }

  /** Signs in with a device code, which is approved as the account's owner would do it. */
  async signIn(): Promise<void> {
    await this.press('Settings', 'nav')
    await this.press('Sign in')
    const code = (await this.read('.ravi-code strong')).trim()
    await this.outside('device', { user_code: code, action: 'approve' })
    await this.read('.connection', 'Signed in')
  }

  /** The element that `css` names, once it is shown. */
  see(css: string): Promise<WebElement> {
    return until(`${css} is shown`, async () => this.shown(By.css(css)))
  }

  /** Waits until the text of `css` has `text` in it, and returns it all. */
  read(css: string, text: string | RegExp = /\S/): Promise<string> {
    const fits = (all: string) => (typeof text === 'string' ? all.includes(text) : text.test(all))
    return until(`${css} says ${text}`, async () => {
      const all = await this.text(css)
      return all !== undefined && fits(all) ? all : undefined
    })
  }

  /** As {@link read}, by the page's own account: the driver's leaves some texts out that are shown. */
  async drawn(css: string, text: RegExp): Promise<string> {
    let last: string | undefined
    return until(`${css} says ${text}`, async () => {
      last = (await this.driver.executeScript<string | null>(innerText, css)) ?? undefined
      return last !== undefined && text.test(last) ? last : undefined
    }).catch((error: unknown) => {
      throw new Error(`it says ${JSON.stringify(last)}`, { cause: error })
    })
  }

  /** Waits until nothing that `css` names is shown any more. */
  async gone(css: string): Promise<void> {
    await until(`${css} is gone`, async () => (await this.shown(By.css(css))) === undefined)
  }

  /** Presses the button, link or tab with this accessible name, once it is shown and not disabled. */
  async press(name: string, within = 'body'): Promise<void> {
    await until(`"${name}" can be pressed`, async () => {
      const element = await this.named('button, a, summary, input[type=radio], input[type=checkbox]', name, within)
      if (!element) return false
      return element.click().then(() => true, stale)
    })
  }

  /** Types into the field with this accessible name, in place of what it has. */
  async fill(name: string, value: string, within = 'body'): Promise<void> {
    await until(`"${name}" can be filled`, async () => {
      const element = await this.named('input, textarea, select', name, within)
      if (!element) return false
      return element.clear().then(() => element.sendKeys(value)).then(() => true, stale)
    })
  }

  /** Chooses an option of the list with this accessible name. */
  async choose(name: string, option: string): Promise<void> {
    await until(`"${option}" can be chosen as "${name}"`, async () => {
      const list = await this.named('select', name, 'body')
      const [wanted] = (await list?.findElements(By.xpath(`./option[normalize-space() = "${option}"]`)).catch(stale)) || []
      return wanted ? wanted.click().then(() => true, stale) : false
    })
  }

  /** Notes every text that elements of `css` ever show from now on; the answer tells them. */
  async watch(css: string): Promise<() => Promise<string[]>> {
    await this.driver.executeScript(noteTexts, css)
    return () => this.driver.executeScript('return [...window.notedTexts]')
  }

  /** Sees that the page can be used by everybody, and keeps pictures of it under target/webdriver; light and dark. */
  async inspect(name: string): Promise<void> {
    for (const theme of ['light', 'dark']) {
      await this.driver.executeScript('document.documentElement.dataset.theme = arguments[0]', theme)
      await this.picture(`${name}-${theme}`)
      expect(await seriousFindings(this.driver), `${name}, ${theme}`).toEqual([])
    }
    await this.driver.executeScript('document.documentElement.dataset.theme = "light"')
  }

  async picture(name: string): Promise<void> {
    // Two frames: what was changed last is drawn then.
    await this.driver.executeAsyncScript('const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done))')
    const png = await this.driver.takeScreenshot()
    const folder = join(target, 'webdriver', 'pictures')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `${name}.png`), png, 'base64')
  }

  /** Presses a button that asks before it acts, and says yes. */
  async confirm(name: string, within = 'body'): Promise<void> {
    await this.press(name, within)
    await this.press(`${name}: yes`, within)
  }

  private async text(css: string): Promise<string | undefined> {
    const element = await this.shown(By.css(css))
    return element?.getText().catch(() => undefined)
  }

  private async shown(by: By): Promise<WebElement | undefined> {
    for (const element of await this.all(by)) {
      if (await element.isDisplayed().catch(() => false)) return element
    }
    return undefined
  }

  /** WebKit refuses to list elements when one goes in that moment: that says nothing about the others. */
  private all(by: By): Promise<WebElement[]> {
    return until('elements can be listed', () => this.driver.findElements(by).catch(stale))
  }

  private async named(css: string, name: string, within: string): Promise<WebElement | undefined> {
    await addAxe(this.driver)
    const found = await this.driver.executeScript<WebElement | null>(findNamed, css, name, within).catch(stale)
    return found || undefined
  }
}

/** Runs in the page: the first that can be used, is shown, and is called `name` by a screen reader. */
function findNamed(css: string, name: string, within: string): Element | null {
  const { axe } = window as unknown as { axe: typeof import('axe-core') }
  const usable = [...document.querySelectorAll(within)]
    .flatMap((parent) => [...parent.querySelectorAll<HTMLElement>(css)])
    .filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.matches(':disabled'))
  axe.setup(document.documentElement)
  try {
    return usable.find((element) => axe.commons.text.accessibleText(element) === name) ?? null
  } finally {
    axe.teardown()
  }
}

/** Runs in the page. */
function innerText(css: string): string | null {
  return document.querySelector<HTMLElement>(css)?.innerText ?? null
}

/** Runs in the page. */
function noteTexts(css: string): void {
  const noted = ((window as unknown as { notedTexts: Set<string> }).notedTexts = new Set())
  const note = () => document.querySelectorAll<HTMLElement>(css).forEach((element) => noted.add(element.innerText))
  new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true })
}

/** The page was drawn anew between looking and acting: look again. */
function stale(error: unknown): false {
  const passing = ['StaleElementReferenceError', 'ElementNotInteractableError', 'ElementClickInterceptedError']
  if (error instanceof Error && passing.includes(error.name)) return false
  throw error
}
