import { useTranslation } from "react-i18next";
import { useRun } from "~/stores/run";
import { useSettings } from "~/stores/settings";
import { rateText, secondsLeft, secondsText } from "./format";
import css from "./NodePreview.module.css";

/** The latent preview of a running node, with its progress in words. Nothing while there is none. */
export function NodePreview({ id }: { readonly id: string }) {
  const { t } = useTranslation("live");
  const url = useRun((s) => s.nodes[id]?.preview);
  const wanted = useSettings((s) => s.previews);
  if (!url || !wanted) return null;
  return (
    <figure className={css["preview"]}>
      <img src={url} alt={t("preview.alt")} draggable={false} />
      <NodeProgress id={id} />
    </figure>
  );
}

/** "12 / 20 · 14 it/s · 0.6 s left" of a running node. */
export function NodeProgress({ id }: { readonly id: string }) {
  const { t } = useTranslation("live");
  const run = useRun((s) => s.nodes[id]);
  if (run?.state !== "running" || !run.total) return null;
  const left = secondsLeft(run);
  const parts = [
    t("progress.step", { done: run.done ?? 0, total: run.total }),
    run.rate ? rateText(run.rate) : null,
    left === null ? null : t("progress.left", { time: secondsText(left) }),
  ];
  return <figcaption className={css["progress"]}>{parts.filter(Boolean).join(" · ")}</figcaption>;
}
