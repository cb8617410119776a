import { ChevronLeft, ChevronRight, Maximize2, X } from "lucide-react";
import { type KeyboardEvent, type MouseEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { nameOf } from "~/api/files";
import { runCommand } from "~/commands/registry";
import { useLight } from "~/stores/light";
import { IconButton } from "~/ui/Button";
import { fitted, moved, spotAt } from "./spot";
import { dragOut, Thumbnail, type TileProps } from "./Tile";
import result from "./NodeResult.module.css";
import css from "./WatchedTile.module.css";

const MIDDLE = { x: 0.5, y: 0.5 };
const percent = (share: number): number => Math.round(share * 100);

/** A picture of a watched run: a press tells which words the spot read, arrows move the spot, and a word that was
 * pressed in the prompt has its heat on it. */
export function WatchedTile({ of = "", place, open }: TileProps) {
  const { t } = useTranslation("inspect");
  const id = useId();
  const [box, setBox] = useState<HTMLButtonElement | null>(null);
  const heat = useLight((s) => s.heat[of]);
  const spot = useLight((s) => s.spot[of]);
  const cells = useLight((s) => s.pictures[of]) ?? [1, 1];
  const name = nameOf(place);
  const ask = (at: { readonly x: number; readonly y: number }) =>
    void runCommand("inspect.spot", { picture: of, ...at });
  const press = ({ detail, clientX, clientY }: MouseEvent) => {
    const img = box?.querySelector("img");
    if (detail === 0) return ask(MIDDLE); // by keyboard
    if (!img) return;
    const natural = { width: img.naturalWidth, height: img.naturalHeight };
    const at = spotAt(fitted(img.getBoundingClientRect(), natural), clientX, clientY);
    if (at) ask(at);
  };
  const key = (event: KeyboardEvent) => {
    const next = moved(event.key, spot ?? MIDDLE, cells);
    if (next) ask(next);
    else if (event.key === "Escape" && (spot || heat)) runCommand("inspect.dark");
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className={css["watched"]}>
      <button
        ref={setBox}
        type="button"
        className={`${result["tile"]} ${css["tile"]} nodrag`}
        draggable
        onDragStart={dragOut(place)}
        onClick={press}
        onDoubleClick={open}
        onKeyDown={key}
        aria-label={t("light.picture", { name })}
        aria-describedby={`${id}-keys`}
        data-dim={heat !== undefined}
      >
        <Thumbnail place={place} />
        {heat?.urls.map((url) => (
          <img key={url} src={url} alt="" draggable={false} className={css["heat"]} />
        ))}
        {spot && <Cross box={box} spot={spot} />}
      </button>
      <span id={`${id}-keys`} className="visually-hidden">
        {t("light.pictureKeys")}
      </span>
      <IconButton
        small
        icon={Maximize2}
        label={t("light.open", { name })}
        className={`${css["open"]} nodrag`}
        onClick={open}
      />
      {(heat || spot) && <Bar of={of} />}
    </div>
  );
}

/** The spot that was asked about. */
function Cross({
  box,
  spot,
}: {
  readonly box: HTMLElement | null;
  readonly spot: { readonly x: number; readonly y: number };
}) {
  const img = box?.querySelector("img");
  if (!box || !img) return null;
  const [width, height] = [box.clientWidth, box.clientHeight];
  const inside = fitted({ left: 0, top: 0, width, height }, { width: img.naturalWidth, height: img.naturalHeight });
  const at = { left: inside.left + spot.x * inside.width, top: inside.top + spot.y * inside.height };
  return <span className={css["cross"]} style={at} aria-hidden />;
}

/** What is lit, at which sampler step, and the way to others. */
function Bar({ of }: { readonly of: string }) {
  const { t } = useTranslation("inspect");
  const heat = useLight((s) => s.heat[of]);
  const words = useLight((s) => s.spot[of]?.words);
  const at = useLight((s) => s.at);
  const place = at ? at.steps.indexOf(at.step) : 0;
  const told = (words ?? []).map(({ text, share }) => t("light.share", { word: text, percent: percent(share) }));
  return (
    <div className={`${css["bar"]} nodrag`}>
      <output className={css["told"]}>{heat ? heat.word : words ? told.join(" · ") || t("light.none") : ""}</output>
      {at && (
        <span className={css["steps"]}>
          <IconButton
            small
            icon={ChevronLeft}
            label={t("light.earlier")}
            disabled={place <= 0}
            onClick={() => runCommand("inspect.litStep", -1)}
          />
          <span>{t("light.step", { step: at.step + 1, total: at.total })}</span>
          <IconButton
            small
            icon={ChevronRight}
            label={t("light.later")}
            disabled={place >= at.steps.length - 1}
            onClick={() => runCommand("inspect.litStep", 1)}
          />
        </span>
      )}
      <IconButton small icon={X} label={t("light.dark")} onClick={() => runCommand("inspect.dark")} />
    </div>
  );
}
