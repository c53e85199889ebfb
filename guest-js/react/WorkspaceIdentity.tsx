import type { ReactElement, ReactNode } from 'react'
import type { ErrorBody, IdentityInfo, WorkspaceSummary } from '../index'
import { useWorkspace } from './hooks'
import { withLabels, type Labelled, type Labels } from './labels'
import { Copy, Fact, Missing, Notice } from './parts'

type Needed = 'identity' | 'git' | 'github'
type Further = 'sharing' | 'key' | 'bundle' | 'folder' | 'last_error'

/** What is shown about a workspace: a `WorkspaceSummary`, the result of `provision`, or a part of either. */
export type WorkspaceInfo = Pick<WorkspaceSummary, Needed> & {
  [K in Further]?: WorkspaceSummary[K] | undefined
} & {
  /** What a person should know about it. */
  warnings?: ErrorBody[] | undefined
}

/** Props of {@link WorkspaceIdentity}. */
export interface WorkspaceIdentityProps extends Labelled {
  /** The workspace's id, another id that the app uses for it, or its path. */
  id: string
  /**
   * What is known about the workspace, if it does not come from this machine's plugin but, for example, from a daemon on another
   * machine; `null` until that is known. The plugin is then not called.
   */
  info?: WorkspaceInfo | null | undefined
  /** A button for an error or warning. */
  action?: ((error: ErrorBody) => ReactNode) | undefined
  /** Further lines, as `<dt>` and `<dd>`. */
  children?: ReactNode
}

/**
 * Who the agent in a workspace is: address, author, GitHub login, and what is wrong with it.
 *
 * @example
 * ```tsx
 * <WorkspaceIdentity id="w1" />
 * <WorkspaceIdentity id="w1" info={answerOfTheDaemon.identity} />
 * ```
 */
export function WorkspaceIdentity({ info, ...props }: WorkspaceIdentityProps): ReactElement {
  return info === undefined ? <FromStore {...props} /> : <Facts {...props} info={info} />
}

function FromStore(props: WorkspaceIdentityProps): ReactElement {
  const { workspace } = useWorkspace(props.id)
  return <Facts {...props} info={workspace} />
}

function Facts({ id, info, action, children, ...props }: WorkspaceIdentityProps & { info: WorkspaceInfo | null }): ReactElement {
  const labels = withLabels(props.labels)
  const warnings = info?.warnings ?? []
  const errors = info ? wrong(info, labels) : []
  return (
    <div className="ravi-workspace" data-workspace={id} data-state={stateOf(info, errors, warnings)}>
      {info?.identity ? (
        <dl className="ravi-facts">
          <Lines info={info} identity={info.identity} labels={labels} />
          {children}
        </dl>
      ) : (
        <p className="ravi-missing">{labels.noIdentity}</p>
      )}
      {[...errors, ...warnings].map((one, index) => (
        <Notice key={one.code + one.message} error={one} labels={labels} role={index < errors.length ? 'alert' : 'note'}>
          {action?.(one)}
        </Notice>
      ))}
    </div>
  )
}

interface LinesProps {
  info: WorkspaceInfo
  identity: IdentityInfo
  labels: Labels
}

function Lines({ info: { git, github, sharing, key, bundle }, identity, labels }: LinesProps): ReactElement {
  return (
    <>
      <Fact name={labels.email}>
        <span className="ravi-value">{identity.email}</span>{' '}
        <Copy text={identity.email} what={identity.email} labels={labels} />
      </Fact>
      <Fact name={labels.phone}>{identity.phone ?? <Missing>{labels.none}</Missing>}</Fact>
      {sharing && <Fact name={labels.shared}>{labels.sharing(sharing)}</Fact>}
      {key === false && <Fact name={labels.key}>{labels.noKey}</Fact>}
      <Fact name={labels.author}>
        {git ? `${git.user_name} <${git.user_email}>` : <Missing>{labels.noAuthor}</Missing>}
      </Fact>
      <Fact name={labels.github}>{github ? labels.githubSource(github) : <Missing>{labels.noGithub}</Missing>}</Fact>
      {bundle && bundle.length > 0 && <Fact name={labels.given}>{bundle.map((one) => labels.gift(one)).join(', ')}</Fact>}
    </>
  )
}

function wrong({ last_error, folder }: WorkspaceInfo, labels: Labels): ErrorBody[] {
  if (last_error) return [last_error]
  if (folder === 'gone') return [labels.folderGone]
  return folder === 'unseen' ? [labels.folderUnseen] : []
}

function stateOf(info: WorkspaceInfo | null, errors: ErrorBody[], warnings: ErrorBody[]): string {
  if (errors.length > 0) return 'error'
  if (!info?.identity) return 'none'
  return warnings.length > 0 ? 'warning' : 'ok'
}
