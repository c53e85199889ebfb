import type { WorkspaceInfo } from "@/types";
import { useIdentity } from "@services/ravi";
import "../ravi.css";

/** The address that a workspace's agent works under; nothing for a workspace without one. */
export function RaviAddress({ workspace }: { workspace: WorkspaceInfo }) {
  const email = useIdentity(workspace)?.identity?.email;
  return email ? (
    <div className="ravi-address" title={email}>
      {email}
    </div>
  ) : null;
}
