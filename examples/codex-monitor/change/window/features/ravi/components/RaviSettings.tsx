import { openUrl } from "@tauri-apps/plugin-opener";
import { SettingsSection } from "@/features/design-system/components/settings/SettingsPrimitives";
import { AccountState, PowerSwitch, usePower } from "@services/ravi";
import "../ravi.css";

/** Settings → Identities. Off until a person switches Ravi on; then shows who is signed in, or how to sign in. */
export function RaviSettings() {
  const { power } = usePower();
  return (
    <SettingsSection
      title="Identities"
      subtitle="Give every worktree agent its own e-mail address, commit author and secrets, from Ravi."
    >
      <PowerSwitch />
      {power?.on && <AccountState onOpen={(url) => void openUrl(url)} />}
    </SettingsSection>
  );
}
