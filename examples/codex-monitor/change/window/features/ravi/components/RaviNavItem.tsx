import AtSign from "lucide-react/dist/esm/icons/at-sign";
import { PanelNavItem } from "@/features/design-system/components/panel/PanelPrimitives";
import { usePower } from "@services/ravi";

type RaviNavItemProps = {
  active: boolean;
  showDisclosure: boolean;
  onClick: () => void;
};

/** The way to the settings; none on a platform that has no Ravi. */
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
