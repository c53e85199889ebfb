import { ProgressSteps, useSetUp } from "@services/ravi";

/** What is being done for the workspace that a dialog adds; nothing while nothing is. */
export function RaviProgress({ isBusy }: { isBusy: boolean }) {
  const id = useSetUp(isBusy);
  return id ? <ProgressSteps id={id} /> : null;
}
