import type { WorkspaceInfo } from "@/types";
import { useIdentity, WorkspaceIdentity } from "@services/ravi";
import "../ravi.css";

/** Who a workspace's agent is, and what is wrong with it; nothing for a workspace without an identity. */
export function RaviIdentity({ workspace }: { workspace: WorkspaceInfo }) {
  const info = useIdentity(workspace);
  return info ? <WorkspaceIdentity id={workspace.id} info={info} /> : null;
}
