import { SlidersHorizontal } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useKeys } from "~/commands/useKeys";
import { IconButton } from "~/ui/Button";
import { showForm, useForm } from "./store";

/** The button of the top bar that turns the nodes into a form and back. */
export function Toggle() {
  const { t } = useTranslation("form");
  const on = useForm((s) => s.on);
  const keys = useKeys("form.view");
  return (
    <IconButton icon={SlidersHorizontal} label={t("view")} keys={keys} pressed={on} onClick={() => showForm(!on)} />
  );
}
