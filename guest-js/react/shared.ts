import { RaviError } from '../index'

/** What a store holds, and the state of loading it. */
export interface Loaded<T> {
  data: T
  /** Whether the first result has yet to arrive. */
  loading: boolean
  error: RaviError | null
}

type Stop = () => void
/** Begins to listen; returns a function that stops it. */
export type Listen<T> = (handler: (value: T) => void) => Promise<Stop>

/**
 * Data that all components of the page share: loaded once however many there are, followed by one listener, and dropped when
 * the last of them has unmounted.
 */
export class Shared<T> {
  private state: Loaded<T>
  private readonly watchers = new Set<() => void>()
  private running: Promise<void> | null = null
  private again = false
  private unlisten: Stop | null = null
  /** Changes when the store ends: anything begun before must no longer write into it. */
  private life = 0
  private started = false

  constructor(
    private readonly initial: T,
    private readonly load: () => Promise<T>,
    private readonly listen: (store: Shared<T>) => Promise<Stop>,
    private readonly onTurn: (started: boolean) => void = () => {},
  ) {
    this.state = { data: initial, loading: true, error: null }
  }

  readonly get = (): Loaded<T> => this.state

  readonly subscribe = (watcher: () => void): Stop => {
    this.watchers.add(watcher)
    if (!this.started) this.start()
    return () => {
      this.watchers.delete(watcher)
      // Not at once: if one page replaces another, the next component mounts right after.
      queueMicrotask(() => this.started && this.watchers.size === 0 && this.end())
    }
  }

  /**
   * Loads again. However often it is called in the meantime, it loads only once more, and an earlier result never overwrites a
   * later one. Never rejects.
   */
  readonly refresh = (): Promise<void> => {
    if (!this.started) return Promise.resolve()
    this.again = this.running !== null
    return (this.running ??= this.run(this.life))
  }

  /** Takes data that is already known, without loading. */
  put(data: T): void {
    if (!this.started) return
    // The load in progress may return older data.
    this.again = this.running !== null
    this.set({ data, loading: false, error: null })
  }

  private start(): void {
    this.started = true
    this.onTurn(true)
    void this.refresh()
  }

  private end(): void {
    this.started = false
    this.life++
    this.running = null
    this.again = false
    if (this.unlisten) quietly(this.unlisten)
    this.unlisten = null
    this.state = { data: this.initial, loading: true, error: null }
    this.onTurn(false)
  }

  private set(state: Loaded<T>): void {
    this.state = state
    for (const watcher of [...this.watchers]) watcher()
  }

  private async run(life: number): Promise<void> {
    do {
      this.again = false
      // First listen, then load, so that a change in between is not missed.
      const deaf = await this.follow(life)
      if (life !== this.life) return
      const loaded = await this.load().then(
        (data) => ({ data, error: deaf }),
        (cause: unknown) => ({ error: RaviError.from(cause) }),
      )
      if (life !== this.life) return
      this.set({ ...this.state, ...loaded, loading: false })
    } while (this.again)
    this.running = null
  }

  /** Begins to follow changes, or returns why it cannot; after an outage the next load tries again. */
  private async follow(life: number): Promise<RaviError | null> {
    if (this.unlisten) return null
    try {
      const stop = await this.listen(this)
      if (life === this.life) this.unlisten = stop
      else quietly(stop)
      return null
    } catch (cause) {
      return RaviError.from(cause)
    }
  }
}

/** One Tauri listener for any number of handlers. */
export function together<T>(listen: Listen<T>): Listen<T> {
  const handlers = new Set<(value: T) => void>()
  let opened: Promise<Stop> | null = null
  return async (handler) => {
    handlers.add(handler)
    const mine = (opened ??= listen((value) => [...handlers].forEach((one) => one(value))))
    const leave = () => {
      if (!handlers.delete(handler) || handlers.size > 0 || opened !== mine) return
      opened = null
      mine.then(quietly, () => {})
    }
    try {
      await mine
    } catch (cause) {
      leave()
      if (opened === mine) opened = null
      throw cause
    }
    return leave
  }
}

/** Listens to several things; if one fails, to none. */
export async function all(...listening: Promise<Stop>[]): Promise<Stop> {
  const settled = await Promise.allSettled(listening)
  const stop = () => settled.forEach((one) => one.status === 'fulfilled' && quietly(one.value))
  const failed = settled.find((one) => one.status === 'rejected')
  if (!failed) return stop
  stop()
  throw failed.reason
}

/** Tauri's own function returns a promise. It may fail because the page, and its listeners with it, is going away. */
function quietly(stop: Stop): void {
  Promise.resolve().then(stop).catch(() => {})
}
