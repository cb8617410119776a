import { Play } from "lucide-react";
import { useTranslation } from "react-i18next";
import { secondsText } from "~/live/format";
import { run } from "~/live/run";
import { useLive } from "~/live/state";
import { useDoc } from "~/stores/doc";
import { useRun } from "~/stores/run";
import { Button } from "~/ui/Button";
import { Spinner } from "~/ui/Spinner";
import { outletOf } from "./outlet";
import type { ValueAnswer } from "./schema";
import { type Subject, useInspect } from "./store";
import css from "./Value.module.css";
import { Views } from "./Views";

/** What is known of the value: its views, that it was not made yet, or why it cannot be told. */
export function Value({ subject }: { readonly subject: Subject }) {
  const { t } = useTranslation("inspect");
  const answer = useInspect((s) => s.answer);
  const full = useDoc((s) => outletOf(s.doc, subject)?.full ?? null);
  return (
    <div className={css["value"]} aria-busy={answer.state === "asking"}>
      <output className="visually-hidden">{t(`said.${saidOf(answer)}`)}</output>
      {answer.state === "asking" && (
        <p className={css["wait"]}>
          <Spinner />
          {t("asking")}
        </p>
      )}
      {answer.state === "off" && <p className={css["note"]}>{t("off")}</p>}
      {answer.state === "refused" && <p className={css["wrong"]}>{answer.text}</p>}
      {answer.state === "told" && <Told value={answer.value} full={full} />}
    </div>
  );
}

type Said = "asking" | "off" | "refused" | "kept" | "stale" | "missing";

function saidOf(answer: ReturnType<typeof useInspect.getState>["answer"]): Said {
  if (answer.state !== "told") return answer.state;
  if (answer.value.state === "missing") return "missing";
  return answer.value.stale ? "stale" : "kept";
}

function Told({ value, full }: { readonly value: ValueAnswer; readonly full: string | null }) {
  const { t } = useTranslation("inspect");
  if (value.state === "missing") return <Missing value={value} full={full} />;
  return (
    <>
      {value.stale && (
        <div className={css["stale"]}>
          <p>{t("stale")}</p>
          <RunHere full={full} />
        </div>
      )}
      <Views views={value.views} type={value.type} />
      {value.views.length === 0 && <p className={css["note"]}>{t("nothing")}</p>}
      {value.seconds !== undefined && <p className={css["made"]}>{t("made", { time: secondsText(value.seconds) })}</p>}
    </>
  );
}

/** Why there is nothing to see, and what makes it. */
function Missing({ value, full }: { readonly value: ValueAnswer; readonly full: string | null }) {
  const { t } = useTranslation("inspect");
  const likely = useRun((s) => (full === null ? null : (s.foreseen[full]?.seconds?.typical ?? null)));
  return (
    <div className={css["missing"]}>
      <p className={css["lead"]}>{t("missing.title")}</p>
      <p className={css["note"]}>{t(value.volatile ? "missing.volatile" : "missing.text")}</p>
      <RunHere full={full} primary />
      {likely !== null && <p className={css["made"]}>{t("missing.takes", { time: secondsText(likely) })}</p>}
    </div>
  );
}

/** Runs what the value needs, and nothing else; while it runs, how far it is. */
function RunHere({ full, primary = false }: { readonly full: string | null; readonly primary?: boolean }) {
  const { t } = useTranslation("inspect");
  const sending = useLive((s) => s.sending);
  const node = useRun((s) => (full === null ? undefined : s.nodes[full]));
  const runs = useRun((s) => s.current?.state === "running" || s.current?.state === "queued");
  const here = runs && (node?.state === "running" || node?.state === "waiting");
  const percent = node?.state === "running" && node.total ? Math.round((100 * (node.done ?? 0)) / node.total) : null;
  if (full === null) return null;
  return (
    <Button
      small={!primary}
      kind={primary ? "primary" : "plain"}
      icon={Play}
      busy={sending || here}
      onClick={() => void run({ targets: [full] })}
    >
      {here ? (percent === null ? t("running") : t("runningAt", { percent })) : t("run")}
    </Button>
  );
}
