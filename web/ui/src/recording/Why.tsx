import { ArrowRight, Equal } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { z } from "zod";
import { type Job, job as jobSchema } from "~/api/schema";
import { jobTitle } from "~/live/jobTitle";
import { Dialog } from "~/ui/Dialog";
import { Spinner } from "~/ui/Spinner";
import { compareJobs } from "./client";
import { textOf } from "./complain";
import { Pair } from "./Pair";
import { Changed, Nodes } from "./Parameters";
import type { Comparison } from "./schema";
import css from "./Why.module.css";

const argsSchema = z.object({ before: jobSchema, after: jobSchema });

/** Two jobs side by side: what was asked for otherwise, where they part, what became of the pictures. */
export function Why({ args, close }: { readonly args: unknown; close(): void }) {
  const read = argsSchema.safeParse(args);
  return read.success ? <Open {...read.data} close={close} /> : null;
}

type Told = { readonly found: Comparison } | { readonly wrong: string } | null;

function Open({ before, after, close }: { readonly before: Job; readonly after: Job; close(): void }) {
  const { t } = useTranslation("recording");
  const [told, setTold] = useState<Told>(null);
  useEffect(() => {
    let gone = false;
    compareJobs(before.id, after.id).then(
      (found) => !gone && setTold({ found }),
      (error: unknown) => !gone && setTold({ wrong: textOf(error) }),
    );
    return () => void (gone = true);
  }, [before.id, after.id]);
  return (
    <Dialog title={t("why.title")} size="large" close={close}>
      <div className={css["why"]}>
        <p className={css["jobs"]}>
          <Which job={before} label={t("why.before")} />
          <ArrowRight size={16} aria-hidden />
          <Which job={after} label={t("why.after")} />
        </p>
        {told === null && <Spinner />}
        {told && "wrong" in told && (
          <p role="alert" className={css["wrong"]}>
            {told.wrong}
          </p>
        )}
        {told && "found" in told && <Found found={told.found} />}
      </div>
    </Dialog>
  );
}

function Which({ job, label }: { readonly job: Job; readonly label: string }) {
  const { t, i18n } = useTranslation("live");
  const when = new Date((job.ended ?? job.created) * 1000);
  return (
    <span className={css["job"]}>
      <small>{label}</small>
      <strong>{jobTitle(job, t)}</strong>
      <small>{when.toLocaleTimeString(i18n.language, { timeStyle: "medium" })}</small>
    </span>
  );
}

function Found({ found }: { readonly found: Comparison }) {
  const { t } = useTranslation("recording");
  const { parameters, added, removed, pictures } = found;
  return (
    <>
      <p className={css["verdict"]} data-same={(found.same && !found.first) || undefined}>
        {found.same && !found.first && <Equal size={16} aria-hidden />}
        {useVerdict(found)}
      </p>
      {parameters.length > 0 && <Changed parameters={parameters} />}
      <Nodes title={t("why.added", { count: added.length })} nodes={added} />
      <Nodes title={t("why.removed", { count: removed.length })} nodes={removed} />
      {pictures.length > 0 && (
        <section className={css["pictures"]} aria-label={t("why.pictures")}>
          <h3>{t("why.pictures")}</h3>
          <div className={css["pairs"]}>
            {pictures.map((pair) => (
              <Pair key={`${pair.before} ${pair.after}`} pair={pair} />
            ))}
          </div>
        </section>
      )}
    </>
  );
}

/** Where the two runs part, in a sentence. */
function useVerdict({ same, first, pictures }: Comparison): string {
  const { t } = useTranslation("recording");
  if (!first) {
    if (!same) return t("why.first.unseen");
    return t(pictures.some((pair) => !pair.equal) ? "why.first.pictures" : "why.first.none");
  }
  const { kind, title: node, step } = first;
  if (kind === "sampler_step" && step === null) return t("why.first.output", { node });
  if (kind === "environment" && step !== null) return t("why.first.environmentStep", { node, step: step + 1 });
  return t(`why.first.${kind}`, { node, step: (step ?? 0) + 1 });
}
