import { setTimeout as pause } from 'node:timers/promises'

/** Asks again and again until the answer is neither `false` nor `undefined`; fails by name after 30 s. */
export async function until<T>(what: string, ask: () => Promise<T | false | undefined>): Promise<T> {
  const end = Date.now() + 30_000
  for (;;) {
    const answer = await ask()
    if (answer !== false && answer !== undefined) return answer
    if (Date.now() > end) throw new Error(`waited 30 s in vain until ${what}`)
    await pause(25)
  }
}
