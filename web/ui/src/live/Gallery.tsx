import { useVirtualizer } from "@tanstack/react-virtual";
import { ImageOff, Images } from "lucide-react";
import { type DragEvent, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { carry, thumbnailUrl } from "~/api/files";
import { getJson } from "~/api/http";
import { type Picture, pictures as picturesSchema } from "~/api/schema";
import { Empty } from "~/ui/Empty";
import { Select } from "~/ui/Select";
import css from "./Gallery.module.css";
import { showPictures } from "./NodeResult";
import { onEnded } from "./state";

const FOLDERS = ["output", "temp", "input"] as const;
type Folder = (typeof FOLDERS)[number];
const PAGE = 100;
/** Pixels of a tile at the least. */
const TILE = 112;
const GAP = 4;

interface Listed {
  readonly pictures: readonly Picture[];
  readonly next: string | null;
  readonly known: boolean;
}

const EMPTY: Listed = { pictures: [], next: null, known: false };

const page = (folder: Folder, cursor: string | null) =>
  getJson(
    `/images?${new URLSearchParams({ type: folder, limit: String(PAGE), ...(cursor && { cursor }) })}`,
    picturesSchema,
  );

const ignore = () => {};

const drawable = (images: readonly Picture[]) => images.filter((image) => image.thumbnail !== null);

const shownOf = (told: { images: readonly Picture[]; next: string | null }): Listed => ({
  pictures: drawable(told.images),
  next: told.next,
  known: true,
});

/** Pictures of a folder, newest first; read on as they are looked at, and again when a job ends. */
function usePictures(folder: Folder): [Listed, () => void] {
  const [listed, setListed] = useState(EMPTY);
  const asking = useRef(false);
  const read = useCallback(() => void page(folder, null).then((told) => setListed(shownOf(told)), ignore), [folder]);
  useEffect(read, [read]);
  useEffect(() => onEnded(read), [read]);
  const more = useCallback(() => {
    if (asking.current || listed.next === null) return;
    asking.current = true;
    page(folder, listed.next)
      .then((told) => setListed((s) => ({ ...shownOf(told), pictures: [...s.pictures, ...drawable(told.images)] })))
      .catch(ignore)
      .finally(() => void (asking.current = false));
  }, [folder, listed.next]);
  return [listed, more];
}

/** What was made and what was put in, as a grid: press to look, drag to the canvas to load. */
export function Gallery() {
  const { t } = useTranslation("live");
  const [folder, setFolder] = useState<Folder>("output");
  const [listed, more] = usePictures(folder);
  const options = FOLDERS.map((value: Folder) => ({ value, label: t(`gallery.folder.${value}`) }));
  return (
    <div className={css["panel"]}>
      <div className={css["tools"]}>
        <Select
          label={t("gallery.folders")}
          bare
          value={folder}
          options={options}
          change={(value) => setFolder(value)}
        />
      </div>
      {listed.known && !listed.pictures.length ? (
        <Empty icon={Images} title={t("gallery.empty")} text={t("gallery.empty_text")} />
      ) : (
        <Grid pictures={listed.pictures} more={more} />
      )}
    </div>
  );
}

function Grid({ pictures, more }: { readonly pictures: readonly Picture[]; more(): void }) {
  const { t } = useTranslation("live");
  const scroll = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(240);
  useLayoutEffect(() => {
    const element = scroll.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const columns = Math.max(1, Math.floor((width + GAP) / (TILE + GAP)));
  const side = (width - GAP * (columns - 1)) / columns;
  // oxlint-disable-next-line react/incompatible-library -- nothing of it is handed on
  const rows = useVirtualizer({
    count: Math.ceil(pictures.length / columns),
    getScrollElement: () => scroll.current,
    estimateSize: () => side + GAP,
    overscan: 3,
  });
  useEffect(() => rows.measure(), [rows, side]);
  const shown = rows.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= rows.options.count - 3) more();
  }, [last, rows.options.count, more]);
  return (
    <div ref={scroll} className={css["scroll"]}>
      <ul className={css["grid"]} style={{ height: rows.getTotalSize() }} aria-label={t("gallery.title")}>
        {shown.flatMap((row) =>
          pictures.slice(row.index * columns, (row.index + 1) * columns).map((picture, column) => (
            <li
              key={picture.name}
              style={{ width: side, height: side, translate: `${column * (side + GAP)}px ${row.start}px` }}
            >
              <Tile picture={picture} open={() => showPictures(pictures, row.index * columns + column)} />
            </li>
          )),
        )}
      </ul>
    </div>
  );
}

function Tile({ picture, open }: { readonly picture: Picture; open(): void }) {
  const { t } = useTranslation("live");
  const [gone, setGone] = useState(false);
  const drag = (event: DragEvent) => carry(event.dataTransfer, picture);
  return (
    <button
      type="button"
      className={css["tile"]}
      draggable
      onDragStart={drag}
      onClick={open}
      aria-label={t("result.open", { name: picture.name })}
      title={picture.name}
    >
      {gone ? (
        <ImageOff size={18} aria-hidden />
      ) : (
        <img src={thumbnailUrl(picture, 256)} alt="" draggable={false} decoding="async" onError={() => setGone(true)} />
      )}
    </button>
  );
}
