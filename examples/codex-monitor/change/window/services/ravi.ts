// The only place in the window that calls Ravi, as `tauri.ts` is for the app's own calls.
import { useEffect, useState } from "react";
import { workspaces } from "tauri-plugin-ravi-api";
import { useWorkspace, type WorkspaceInfo as RaviInfo } from "tauri-plugin-ravi-api/react";
import type { WorkspaceInfo } from "@/types";

export { AccountState, PowerSwitch, ProgressSteps, usePower, WorkspaceIdentity } from "tauri-plugin-ravi-api/react";

/** What the app or the daemon says about a workspace's identity. */
export type { RaviInfo };

/**
 * What is known about a workspace's identity: what this machine knows now, or else what came with the list, for example from the
 * daemon in remote mode. `null` for a workspace without an identity.
 */
export function useIdentity(workspace: WorkspaceInfo): RaviInfo | null {
  const { workspace: own } = useWorkspace(workspace.id);
  return own ?? workspace.ravi ?? null;
}

/** The workspace that is being set up since `active` became true; the app chooses its id, and reports it only at the end. */
export function useSetUp(active: boolean): string | null {
  const [id, setId] = useState<string | null>(null);
  useEffect(() => {
    if (!active) {
      return;
    }
    setId(null);
    const listening = workspaces.onProgress((progress) => setId(progress.id));
    // Without Ravi there is no progress either.
    listening.catch(() => {});
    return () => {
      void listening.then((stop) => stop()).catch(() => {});
    };
  }, [active]);
  return active ? id : null;
}
