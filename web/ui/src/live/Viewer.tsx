import { ChevronLeft, ChevronRight, Columns2, Download, FolderOpen, ImageDown, Info, Maximize } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { z } from "zod";
import { nameOf, viewUrl } from "~/api/files";
import { place as placeSchema, type Place } from "~/api/schema";
import { IconButton } from "~/ui/Button";
import { Dialog } from "~/ui/Dialog";
import { AboutPicture } from "./AboutPicture";
import { Compare } from "./Compare";
import { openPicture, takeAsInput } from "./open";
import css from "./Viewer.module.css";
import { ZoomPicture } from "./ZoomPicture";

const argsSchema = z.object({ pictures: z.array(placeSchema).min(1), index: z.number().int().min(0) });

/** One picture as large as the window: zoom and pan, neighbours by arrows, another beside it, and ways onwards. */
export function Viewer({ args, close }: { readonly args: unknown; close(): void }) {
  const read = argsSchema.safeParse(args);
  return read.success ? <Open pictures={read.data.pictures} first={read.data.index} close={close} /> : null;
}

interface OpenProps {
  readonly pictures: readonly Place[];
  readonly first: number;
  close(): void;
}

function Open({ pictures, first, close }: OpenProps) {
  const { t } = useTranslation("live");
  const [index, setIndex] = useState(Math.min(first, pictures.length - 1));
  const [comparing, setComparing] = useState(false);
  const [other, setOther] = useState<number | null>(null);
  const [told, setTold] = useState(false);
  const [size, setSize] = useState("");
  const [fit, setFit] = useState(0);
  const shown = pictures[index];
  const beside = pictures[other ?? (index + 1) % pictures.length];
  const step = (by: number) => setIndex((n) => (n + by + pictures.length) % pictures.length);
  const key = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1 };
    const by = steps[event.key];
    if (by === undefined || comparing) return;
    event.preventDefault();
    step(by);
  };
  const onward = (act: (place: Place) => unknown) => () => {
    if (shown) void act(shown);
    close();
  };
  if (!shown) return null;
  return (
    <Dialog title={t("viewer.title", { name: nameOf(shown) })} size="large" flush close={close}>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- arrows anywhere in it turn the page */}
      <section className={css["viewer"]} onKeyDown={key} aria-label={nameOf(shown)}>
        <div className={css["main"]}>
          <div className={css["stage"]}>
            {comparing && beside ? (
              <Compare one={shown} two={beside} />
            ) : (
              <ZoomPicture
                key={`${nameOf(shown)} ${fit}`}
                place={shown}
                sized={(width, height) => setSize(`${width}×${height}`)}
              />
            )}
            {pictures.length > 1 && !comparing && (
              <>
                <IconButton
                  icon={ChevronLeft}
                  kind="plain"
                  label={t("viewer.before")}
                  className={css["before"]}
                  onClick={() => step(-1)}
                />
                <IconButton
                  icon={ChevronRight}
                  kind="plain"
                  label={t("viewer.next")}
                  className={css["next"]}
                  onClick={() => step(1)}
                />
              </>
            )}
          </div>
          {told && !comparing && <AboutPicture key={`${shown.type} ${nameOf(shown)}`} place={shown} />}
        </div>
        <footer className={css["foot"]}>
          <span className={css["about"]}>
            {[t("viewer.place", { n: index + 1, of: pictures.length }), size].filter(Boolean).join(" · ")}
          </span>
          {comparing && pictures.length > 2 && (
            <Strip pictures={pictures} chosen={other ?? (index + 1) % pictures.length} choose={setOther} />
          )}
          <span className={css["acts"]}>
            <IconButton
              icon={Maximize}
              label={t("viewer.fit")}
              disabled={comparing}
              onClick={() => setFit((n) => n + 1)}
            />
            <IconButton
              icon={Columns2}
              label={t("viewer.compare")}
              pressed={comparing}
              disabled={pictures.length < 2}
              onClick={() => setComparing((on) => !on)}
            />
            <IconButton
              icon={Info}
              label={t("viewer.about")}
              pressed={told}
              disabled={comparing}
              onClick={() => setTold((on) => !on)}
            />
            <IconButton icon={FolderOpen} label={t("viewer.workflow")} onClick={onward(openPicture)} />
            <IconButton icon={ImageDown} label={t("viewer.input")} onClick={onward(takeAsInput)} />
            <a
              className={css["link"]}
              href={viewUrl(shown)}
              download={shown.filename}
              aria-label={t("viewer.download")}
              title={t("viewer.download")}
            >
              <Download size={16} aria-hidden />
            </a>
          </span>
        </footer>
      </section>
    </Dialog>
  );
}

interface StripProps {
  readonly pictures: readonly Place[];
  readonly chosen: number;
  choose(index: number): void;
}

/** Which picture to compare with. */
function Strip({ pictures, chosen, choose }: StripProps) {
  const { t } = useTranslation("live");
  return (
    <label className={css["strip"]}>
      <span>{t("viewer.with")}</span>
      <select value={chosen} onChange={(event) => choose(Number(event.target.value))}>
        {pictures.map((place, n) => (
          <option key={`${place.type} ${nameOf(place)}`} value={n}>
            {nameOf(place)}
          </option>
        ))}
      </select>
    </label>
  );
}
