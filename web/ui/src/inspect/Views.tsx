import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { cx } from "~/ui/cx";
import { Curve } from "./Curve";
import type { PictureView, View } from "./schema";
import { Table } from "./Table";
import { Tokens } from "./Tokens";
import css from "./Views.module.css";

/** Views that lie beside each other are one block: pictures become a grid. */
export type Block = readonly PictureView[] | Exclude<View, PictureView>;

export function blocksOf(views: readonly View[]): Block[] {
  const blocks: (PictureView[] | Exclude<View, PictureView>)[] = [];
  for (const view of views) {
    const last = blocks.at(-1);
    if (view.kind !== "picture") blocks.push(view);
    else if (Array.isArray(last)) last.push(view);
    else blocks.push([view]);
  }
  return blocks;
}

/** Pictures come first: they say most at a glance. */
const first = (views: readonly View[]): readonly View[] => [
  ...views.filter((view) => view.kind === "picture"),
  ...views.filter((view) => view.kind !== "picture"),
];

/** A value as its views. */
export function Views({ views, type }: { readonly views: readonly View[]; readonly type: string }) {
  const blocks = useMemo(() => blocksOf(first(views)), [views]);
  return (
    <div className={css["views"]}>
      {blocks.map((block, n) => (
        // oxlint-disable-next-line react/no-array-index-key -- views have no names, and come and go together
        <Shown key={n} block={block} type={type} />
      ))}
    </div>
  );
}

function Shown({ block, type }: { readonly block: Block; readonly type: string }) {
  const { t } = useTranslation("inspect");
  if ("kind" in block) {
    if (block.kind === "table") return <Table view={block} />;
    if (block.kind === "tokens") return <Tokens view={block} />;
    if (block.kind === "curve") return <Curve view={block} />;
    return (
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- long text is scrolled by keyboard
      <pre className={css["text"]} tabIndex={0} aria-label={t("text")}>
        {block.text}
      </pre>
    );
  }
  return <Pictures pictures={block} type={type} />;
}

/** Pixels between the edges of a card, about; what is smaller is enlarged, and shows its pixels. */
const CARD = 300;

/** Columns in which pictures of about this shape are largest in a card. */
export const columnsFor = (count: number): number => (count <= 1 ? 1 : count <= 4 ? 2 : count <= 9 ? 3 : 4);

function Pictures({ pictures, type }: { readonly pictures: readonly PictureView[]; readonly type: string }) {
  const { t } = useTranslation("inspect");
  const columns = columnsFor(pictures.length);
  const nameOf = ({ title }: PictureView, n: number) => {
    if (title === "noise_mask") return t("picture.mask");
    if (type === "LATENT" && title) return t("picture.channel", { name: title });
    return title || t("picture.nth", { n: n + 1, of: pictures.length });
  };
  return (
    <div className={css["pictures"]} style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
      {pictures.map((picture, n) => (
        // oxlint-disable-next-line react/no-array-index-key -- a picture is its place
        <figure key={n} className={css["picture"]}>
          <img
            src={`data:image/png;base64,${picture.png}`}
            alt={nameOf(picture, n)}
            width={picture.width}
            height={picture.height}
            className={cx(css["image"], Math.max(picture.width, picture.height) * columns < CARD && css["pixels"])}
          />
          {(pictures.length > 1 || picture.title) && <figcaption>{nameOf(picture, n)}</figcaption>}
        </figure>
      ))}
    </div>
  );
}
