import { useTranslation } from "react-i18next";
import { tip } from "~/ui/Tooltip";
import { cx } from "~/ui/cx";
import { CHUNK, type Counted } from "./tokens";
import css from "./Prompt.module.css";

/** "23/75": tokens and how many fit into as many chunks as there are. */
export function Tokens({ id, counted }: { readonly id: string; readonly counted: Counted }) {
  const { t } = useTranslation("widgets");
  const used = counted.reduce((sum, n) => sum + n, 0);
  const full = counted.length * CHUNK;
  const chunks = counted.map((n, i) => t("prompt.chunk", { n: i + 1, used: n, full: CHUNK })).join("\n");
  const told = t("prompt.tokens", { count: used });
  return (
    <span
      className={cx(css["tokens"], counted.length > 1 && css["several"])}
      {...tip(counted.length > 1 ? chunks : told)}
    >
      <span aria-hidden="true">{`${used}/${full}`}</span>
      <span id={id} className="visually-hidden">
        {told}
      </span>
    </span>
  );
}
