import type { Progress, Step, StepState, WorkspaceChange } from '../index'
import { alsoOf } from './find'
import { all, type Listen } from './shared'

/** One step of a job, and its state. */
export interface ProgressStep {
  step: Step
  state: StepState
}

/** What is being done with a workspace, or was last done. */
export interface Job {
  /** In the order in which they began, each once. */
  steps: ProgressStep[]
  /** Whether more is to come. */
  running: boolean
}

const NONE: Job = { steps: [], running: false }

/** The steps of all running provisions, releases and the like, whoever started them. */
export class Jobs {
  private readonly jobs = new Map<string, Job & { over: boolean }>()
  private readonly watchers = new Set<() => void>()
  private followers = 0

  constructor(
    private readonly onProgress: Listen<Progress>,
    private readonly onWorkspace: Listen<WorkspaceChange>,
  ) {}

  readonly get = (id: string): Job => this.jobs.get(id) ?? NONE

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher)
    // If this window may not listen, the list of workspaces reports it.
    const following = this.follow().catch(() => () => {})
    return () => {
      this.watchers.delete(watcher)
      void following.then((stop) => stop())
    }
  }

  /** Records the steps from here on. */
  async follow(): Promise<() => void> {
    const stop = await all(this.onProgress(this.step), this.onWorkspace(this.end))
    this.followers++
    return () => {
      stop()
      this.followers--
      if (this.followers === 0) this.jobs.clear()
    }
  }

  private readonly step = ({ id, step, state }: Progress): void => {
    const { steps, over } = this.jobs.get(id) ?? { steps: [], over: false }
    const known = steps.find((one) => one.step === step)
    // A step that has ended and starts again belongs to the next job.
    const kept = over || (state === 'started' && known && known.state !== 'started') ? [] : steps
    const next = kept.includes(known as ProgressStep)
      ? kept.map((one) => (one === known ? { step, state } : one))
      : [...kept, { step, state }]
    // A step that fails is usually the last; if another follows, the job is running again.
    const running = state !== 'failed' || next.some((one) => one.state === 'started')
    this.set(id, { steps: next, running, over: false })
  }

  /** The workspace's new state is reported when a job is over, however it ended. */
  private readonly end = ({ id, workspace }: WorkspaceChange): void => {
    const names = workspace ? [id, workspace.id, ...alsoOf(workspace)] : [id]
    for (const name of new Set(names)) {
      const job = this.jobs.get(name)
      if (job) this.set(name, { ...job, running: false, over: true })
    }
  }

  private set(id: string, job: Job & { over: boolean }): void {
    this.jobs.set(id, job)
    for (const watcher of [...this.watchers]) watcher()
  }
}
