import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { viewUrl } from "~/api/files";
import { Button } from "~/ui/Button";
import { Dialog } from "~/ui/Dialog";
import { Spinner } from "~/ui/Spinner";
import { tellFailure } from "../image/useUpload";
import type { PaintArgs } from "./args";
import { tellDirty } from "./dirty";
import { Painting } from "./engine";
import { blank } from "./layer";
import { looked, type Opened, opened, TooLarge } from "./picture";
import { save } from "./save";
import { Sheet, type SheetChoice } from "./Sheet";
import { Stage } from "./Stage";
import { usePaint } from "./store";
import { Options, Tools } from "./Tools";
import css from "./Paint.module.css";

const isArgs = (args: unknown): args is PaintArgs => typeof args === "object" && args !== null && "mode" in args;

/** The painter as the dialog "paint". */
export function PaintDialog({ args, close }: { readonly args: unknown; close(): void }) {
  return isArgs(args) ? <Painter args={args} close={close} /> : null;
}

/** A clear sheet to begin a sketch on. */
const sheet = ({ width, height }: SheetChoice): Opened => ({ layer: blank(width, height), base: null, place: null });

function Painter({ args, close }: { readonly args: PaintArgs; close(): void }) {
  const { t } = useTranslation("widgets");
  const { mode, value } = args;
  const [choice, setChoice] = useState<SheetChoice>({ over: value !== "", width: 512, height: 512, paper: "#ffffff" });
  const { picture, failure } = useOpened(args, choice);
  const [asking, setAsking] = useState(false);
  const [saving, setSaving] = useState(false);
  const touched = usePaint((s) => s.painting?.canUndo ?? false);
  useOpenPainting(picture, mode);

  const paper = picture?.base ? null : choice.paper;
  const leave = () => (touched && !asking ? setAsking(true) : close());
  const keep = async () => {
    if (!picture) return;
    setSaving(true);
    try {
      await save(args, picture, picture.layer, paper);
      close();
    } catch (error) {
      tellFailure(error);
      setSaving(false);
    }
  };

  return (
    <Dialog
      title={t(`paint.${mode}`)}
      size="large"
      flush
      close={leave}
      footer={
        asking ? (
          <>
            <span role="alert" className={css["asking"]}>
              {t("paint.unsaved")}
            </span>
            <Button onClick={() => setAsking(false)}>{t("paint.stay")}</Button>
            <Button kind="danger" onClick={close}>
              {t("paint.discard")}
            </Button>
          </>
        ) : (
          <>
            <span className={css["hint"]}>{t("paint.hint")}</span>
            <Button onClick={leave}>{t("paint.cancel")}</Button>
            <Button kind="primary" busy={saving} disabled={!picture || (!touched && mode === "mask")} onClick={keep}>
              {t("paint.save")}
            </Button>
          </>
        )
      }
    >
      <div className={css["painter"]} data-keys="paint">
        <Tools />
        {picture ? (
          <Stage
            key={`${picture.layer.width}x${picture.layer.height}`}
            layer={picture.layer}
            below={picture.place && `${viewUrl(picture.place)}&channel=rgb`}
            paper={paper}
            look={() => (mode === "mask" ? picture.layer : looked(picture.layer, picture.base, paper))}
          />
        ) : (
          <div className={css["wait"]}>
            {failure ? <p role="alert">{t(failure)}</p> : <Spinner label={t("paint.loading")} />}
          </div>
        )}
        <div className={css["side"]}>
          <Options />
          {mode === "sketch" && <Sheet choice={choice} picture={value !== ""} touched={touched} change={setChoice} />}
        </div>
      </div>
    </Dialog>
  );
}

/** The picture to paint on, and a key of the sentence that says why there is none. */
function useOpened({ value, mode }: PaintArgs, { over, width, height }: SheetChoice) {
  const [picture, setPicture] = useState<Opened | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => {
    let wanted = true;
    const asked = over && value ? opened(value, mode) : Promise.resolve(sheet({ over, width, height, paper: null }));
    asked.then(
      (made) => wanted && setPicture(made),
      (error: unknown) => wanted && setFailure(error instanceof TooLarge ? "paint.large" : "paint.unreadable"),
    );
    return () => {
      wanted = false;
    };
  }, [value, mode, over, width, height]);
  return { picture, failure };
}

/** The painting that the tools work on, as long as the dialog is open. */
function useOpenPainting(picture: Opened | null, mode: PaintArgs["mode"]): void {
  useEffect(() => {
    if (!picture) return;
    const painting = new Painting(picture.layer, (rect) => {
      tellDirty(rect);
      usePaint.setState((s) => ({ changes: s.changes + 1 }));
    });
    usePaint.setState({ painting, mode });
    return () => usePaint.setState({ painting: null });
  }, [picture, mode]);
}
