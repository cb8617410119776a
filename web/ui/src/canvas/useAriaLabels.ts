import type { AriaLabelConfig } from "@xyflow/react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

/** What the library says to screen readers, in the reader's language. */
export function useAriaLabels(): Partial<AriaLabelConfig> {
  const { t } = useTranslation("canvas");
  return useMemo(
    () => ({
      "node.a11yDescription.default": t("aria.node"),
      "node.a11yDescription.keyboardDisabled": t("aria.node"),
      "node.a11yDescription.ariaLiveMessage": ({ direction, x, y }) =>
        t("aria.moved", { direction: t(`aria.${direction}`), x: Math.round(x), y: Math.round(y) }),
      "edge.a11yDescription.default": t("aria.link"),
      "handle.ariaLabel": t("aria.socket"),
    }),
    [t],
  );
}
