import AtSign from "lucide-react/dist/esm/icons/at-sign";
import { PanelNavItem } from "@/features/design-system/components/panel/PanelPrimitives";
import { usePower } from "@services/ravi";

type RaviNavItemProps = {
  active: boolean;
  showDisclosure: boolean;
  onClick: () => void;
};

/** The entry that opens the settings page; not shown on a platform without Ravi. */
export function RaviNavItem(props: RaviNavItemProps) {
  const { power } = usePower();
  if (!power) {
    return null;
  }
  return (
    <PanelNavItem className="settings-nav" icon={<AtSign aria-hidden />} {...props}>
      Identities
    </PanelNavItem>
  );
}
