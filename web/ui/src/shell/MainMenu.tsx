import { useTranslation } from "react-i18next";
import { MenuButton } from "~/ui/MenuButton";
import { Mark } from "./Mark";
import { mainMenu } from "./menus";

/** The brand's mark, which opens the main menu. */
export function MainMenu() {
  const { t } = useTranslation();
  return <MenuButton icon={Mark} label={t("shell:menu.title")} entries={() => mainMenu(t)} />;
}
