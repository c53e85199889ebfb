import { ProgressSteps, useSetUp } from "@services/ravi";

/** What is being done for the workspace that a dialog is adding; nothing while nothing is being done. */
export function RaviProgress({ isBusy }: { isBusy: boolean }) {
  const id = useSetUp(isBusy);
  return id ? <ProgressSteps id={id} /> : null;
}
