import type { WorkspaceSummary } from '../index'

/** The workspace with this id, or else the one that also goes by this id, or else the one in this folder. */
export function find(all: WorkspaceSummary[], idOrPath: string): WorkspaceSummary | null {
  const path = idOrPath.replace(/[/\\]+$/, '') || idOrPath
  return (
    all.find(({ id }) => id === idOrPath) ??
    all.find((one) => alsoOf(one).includes(idOrPath)) ??
    all.find((one) => one.path === path) ??
    null
  )
}

/** Other ids that the app uses for the same folder. */
export function alsoOf({ also }: WorkspaceSummary & { also?: string[] }): string[] {
  return also ?? []
}
