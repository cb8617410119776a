import { type ReactNode, useState } from "react";
import { Button, type Icon, IconButton } from "./Button";
import { Menu, type MenuEntry } from "./Menu";

interface MenuButtonProps {
  readonly label: string;
  readonly icon: Icon;
  /** Words or marks on the button; without them it is the icon. */
  readonly children?: ReactNode;
  readonly className?: string | undefined;
  readonly small?: boolean;
  /** Made when it opens, so that it says what holds now. */
  entries(): readonly MenuEntry[];
}

/** A button that opens a menu below itself. */
export function MenuButton({ label, icon, children, className, small, entries }: MenuButtonProps) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const props = {
    icon,
    "aria-haspopup": "menu" as const,
    "aria-expanded": anchor !== null,
    onClick: (event: React.MouseEvent<HTMLElement>) => setAnchor(anchor ? null : event.currentTarget),
    ...(small && { small }),
    ...(className && { className }),
  };
  return (
    <>
      {children === undefined ? (
        <IconButton {...props} label={label} />
      ) : (
        <Button {...props} kind="quiet" aria-label={label}>
          {children}
        </Button>
      )}
      {anchor && <Menu anchor={anchor} label={label} entries={entries()} close={() => setAnchor(null)} />}
    </>
  );
}
