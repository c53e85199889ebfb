// Does in dmux what a person does in its menus: one act per run, inside a tmux session. Calls dmux's own code, whose
// windows need a person. Usage: node real_dmux.mjs DIST LIST ACT [WORD]…; the answer is one line of JSON.
import fs from 'node:fs';
import path from 'node:path';

const [dist, list, act, ...words] = process.argv.slice(2);
const load = (name) => import(path.join(dist, name));
// What dmux says meanwhile is no answer.
console.log = console.error;

const session = path.dirname(path.dirname(list));
const panes = () => JSON.parse(fs.readFileSync(list, 'utf8')).panes;
const pane = (slug) => panes().find((one) => one.slug === slug);

const { StateManager } = await load('shared/StateManager.js');
StateManager.getInstance().updateProjectInfo(path.basename(session), 'dmux-test', session, list);
const { savePanesToFile } = await load('hooks/usePaneSync.js');
const savePanes = (all) => savePanesToFile(list, all, (write) => write());
const context = () => ({ panes: panes(), sessionName: 'dmux-test', projectName: path.basename(session), savePanes });
const common = () => ({ existingPanes: panes(), sessionConfigPath: list, sessionProjectRoot: session, agent: 'claude' });

async function add(made) {
  const others = panes().filter((one) => one.id !== made.pane.id);
  await savePanes([...others, made.pane]);
  return { id: made.pane.id, tmux: made.pane.paneId };
}

// Confirms until dmux asks how to close, then chooses that, or dismisses where nothing is chosen.
async function choose(shown, choice) {
  for (let asked = 0; shown.type === 'confirm' && asked < 5; asked += 1) shown = await shown.onConfirm();
  if (choice && shown.type === 'choice') shown = await shown.onSelect(choice);
  return { type: shown.type, message: shown.message };
}

const acts = {
  async create(root, slug) {
    const { createPane } = await load('utils/paneCreation.js');
    const more = { prompt: 'a made-up task', slugBase: slug, projectName: path.basename(root), projectRoot: root };
    return add(await createPane({ ...common(), ...more }, ['claude']));
  },
  async attach(slug) {
    const { attachAgentToWorktree } = await load('utils/attachAgent.js');
    return add(await attachAgentToWorktree({ ...common(), targetPane: pane(slug), prompt: 'another made-up task' }));
  },
  async reopen(root, slug) {
    const { reopenWorktree } = await load('utils/reopenWorktree.js');
    const worktreePath = path.join(root, '.dmux/worktrees', slug);
    return add(await reopenWorktree({ ...common(), slug, worktreePath, projectRoot: root }));
  },
  async close(slug, choice) {
    const { closePane } = await load('actions/implementations/closeAction.js');
    return choose(await closePane(pane(slug), context()), choice);
  },
  async merge(slug, choice) {
    const { mergePane } = await load('actions/implementations/mergeAction.js');
    return choose(await mergePane(pane(slug), context()), choice);
  },
};

const answer = await acts[act](...words);
// Worktrees are removed in the background; dmux's program goes on meanwhile.
const { WorktreeCleanupService } = await load('services/WorktreeCleanupService.js');
await WorktreeCleanupService.getInstance().cleanupQueue;
fs.writeSync(1, `${JSON.stringify(answer)}\n`);
process.exit(0);
