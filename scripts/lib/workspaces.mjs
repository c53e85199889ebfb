// workspaces.mjs REPOSITORY WORKTREES BRANCH…: prints CodexMonitor's workspaces.json for a repository with worktrees.
import { randomUUID } from "node:crypto";
import { basename, join } from "node:path";

const [repository, worktrees, ...branches] = process.argv.slice(2);
const main = { id: randomUUID(), name: basename(repository), path: repository, kind: "main", parentId: null, worktree: null };
const linked = branches.map((branch) => ({
  id: randomUUID(),
  name: branch,
  path: join(worktrees, branch),
  kind: "worktree",
  parentId: main.id,
  worktree: { branch },
}));
process.stdout.write(JSON.stringify([main, ...linked].map((entry) => ({ ...entry, settings: {} })), null, 2));
