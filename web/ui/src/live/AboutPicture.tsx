import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { viewUrl } from "~/api/files";
import type { Place } from "~/api/schema";
import { askOpen } from "~/files/actions";
import { toDoc } from "~/formats/file";
import { useServer } from "~/stores/server";
import { IconButton } from "~/ui/Button";
import { Spinner } from "~/ui/Spinner";
import { type About, aboutOf } from "./about";
import css from "./AboutPicture.module.css";

async function read(url: string): Promise<About> {
  const data = await (await fetch(url)).blob();
  const { workflow } = await askOpen(data);
  return aboutOf(toDoc(workflow).doc, useServer.getState().registry);
}

/** What a picture was made with, as the workflow in it tells: prompts, model, seed, steps and the like. */
export function AboutPicture({ place }: { readonly place: Place }) {
  const { t } = useTranslation("live");
  const [about, setAbout] = useState<About | "none" | null>(null);
  const url = viewUrl(place);
  useEffect(() => {
    let late = false;
    read(url).then(
      (found) => late || setAbout(found),
      () => late || setAbout("none"),
    );
    return () => {
      late = true;
    };
  }, [url]);
  return (
    <aside className={css["about"]} aria-label={t("viewer.about")} aria-busy={about === null}>
      {about === null && <Spinner />}
      {about === "none" && <p className={css["none"]}>{t("viewer.unknown")}</p>}
      {about !== null && about !== "none" && <Lines about={about} />}
    </aside>
  );
}

function Lines({ about: { prompt, negative, lines } }: { readonly about: About }) {
  const { t } = useTranslation("live");
  if (!prompt && !negative && !lines.length) return <p className={css["none"]}>{t("viewer.unknown")}</p>;
  return (
    <dl className={css["lines"]}>
      {prompt && <Text name={t("viewer.line.prompt")} text={prompt} />}
      {negative && <Text name={t("viewer.line.negative")} text={negative} />}
      {lines.map(({ what, values }) => (
        <div key={what}>
          <dt>{t(`viewer.line.${what}`)}</dt>
          <dd>{values.join(" · ")}</dd>
        </div>
      ))}
    </dl>
  );
}

function Text({ name, text }: { readonly name: string; readonly text: string }) {
  const { t } = useTranslation("live");
  const [copied, setCopied] = useState(false);
  const copy = () =>
    void navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  return (
    <div className={css["text"]}>
      <dt>
        {name}
        <IconButton
          icon={copied ? Check : Copy}
          kind="plain"
          label={copied ? t("viewer.copied") : t("viewer.copy")}
          onClick={copy}
        />
      </dt>
      <dd>{text}</dd>
    </div>
  );
}
