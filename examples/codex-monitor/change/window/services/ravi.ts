// The one place of the window that takes calls of Ravi, as `tauri.ts` does for the app's own.
import { useEffect, useState } from "react";
import { workspaces } from "tauri-plugin-ravi-api";
import { useWorkspace, type WorkspaceInfo as RaviInfo } from "tauri-plugin-ravi-api/react";
import type { WorkspaceInfo } from "@/types";

export { AccountState, PowerSwitch, ProgressSteps, usePower, WorkspaceIdentity } from "tauri-plugin-ravi-api/react";

/** What app or daemon say of a workspace's identity. */
export type { RaviInfo };

/**
 * What is known of a workspace's identity: what this machine knows of it now, else what came with the list, as in remote mode
 * from the daemon. `null` for a workspace that has none.
 */
export function useIdentity(workspace: WorkspaceInfo): RaviInfo | null {
  const { workspace: own } = useWorkspace(workspace.id);
  return own ?? workspace.ravi ?? null;
}

/** The workspace that is being set up since `active` became true; the app makes its id, and tells it only at the end. */
export function useSetUp(active: boolean): string | null {
  const [id, setId] = useState<string | null>(null);
  useEffect(() => {
    if (!active) {
      return;
    }
    setId(null);
    const listening = workspaces.onProgress((progress) => setId(progress.id));
    // Where there is no Ravi there is no progress either.
    listening.catch(() => {});
    return () => {
      void listening.then((stop) => stop()).catch(() => {});
    };
  }, [active]);
  return active ? id : null;
}
