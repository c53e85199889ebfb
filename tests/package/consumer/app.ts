// A strict consumer: what it is given and what it gets back have types, and no `any` hides a mistake.
import ravi, { account, RaviError, secrets, type Progress, type WorkspaceSummary } from 'tauri-plugin-ravi-api'
import { createElement, type ReactElement } from 'react'
import { SignIn, useAccount, useWorkspace, useWorkspaces, WorkspaceIdentity, type Labels } from 'tauri-plugin-ravi-api/react'

type Is<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const holds = <T extends true>(value?: T) => value

export async function main(signal: AbortSignal): Promise<void> {
  const steps: Progress[] = []
  const { identity } = await ravi.workspaces.provision(
    { path: '/w', id: 'w1', name: 'one' },
    { onProgress: (step) => steps.push(step) },
  )
  holds<Is<typeof identity.email, string>>()
  holds<Is<Awaited<ReturnType<typeof ravi.workspaces.list>>, WorkspaceSummary[]>>()
  await account.login({ onPrompt: ({ user_code }) => holds<Is<typeof user_code, string>>(), signal })
  await secrets.rotate('A', { length: 32 })
  const stop = await ravi.workspaces.onChange(({ id }) => holds<Is<typeof id, string>>())
  stop()
  try {
    await ravi.secrets.get('A')
  } catch (error) {
    if (error instanceof RaviError) holds<Is<typeof error.hint, string>>()
  }
  // @ts-expect-error a secret has a name
  await ravi.secrets.get()
  // @ts-expect-error a workspace has a path
  await ravi.workspaces.provision({ id: 'w1', name: 'one' })
  // @ts-expect-error a new value is given or made, not both
  await secrets.rotate('A', { value: 'made-up', length: 32 })
}

const labels: Partial<Labels> = { signIn: 'Anmelden', remaining: (time) => `Noch ${time}` }

export function Card(): ReactElement {
  const { workspace } = useWorkspace('w1')
  // @ts-expect-error a workspace has an id
  createElement(WorkspaceIdentity, {})
  return createElement(WorkspaceIdentity, { id: 'w1', info: workspace, labels }, createElement(SignIn, { onOpen: (url) => void url.length }))
}

export function Page(): string {
  const { account: who, loading } = useAccount()
  const { workspaces, error } = useWorkspaces()
  return `${loading} ${who?.server} ${workspaces.length} ${error?.code}`
}
