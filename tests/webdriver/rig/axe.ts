// axe-core in the page: it knows what a screen reader calls a thing, and what is wrong with a page.
import axe from 'axe-core'
import type { WebDriver } from 'selenium-webdriver'

/** Puts axe-core into the page, where it is not there yet. */
export async function addAxe(driver: WebDriver): Promise<void> {
  const there = await driver.executeScript<boolean>('return typeof axe === "object"')
  if (!there) await driver.executeScript(axe.source)
}

/** What is seriously or critically wrong with the page, one line for each. */
export async function seriousFindings(driver: WebDriver): Promise<string[]> {
  await addAxe(driver)
  const result = await driver.executeAsyncScript<axe.AxeResults | string>(
    'const done = arguments[0]; axe.run().then(done, (error) => done(String(error)))',
  )
  if (typeof result === 'string') throw new Error(`axe-core could not look: ${result}`)
  return result.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.html}`))
}
