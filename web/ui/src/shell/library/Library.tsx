import { ChevronRight, Search } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { canvasApi } from "~/canvas/api";
import { accept } from "~/shell/palette/accept";
import { Marked } from "~/shell/palette/Marked";
import { categoriesIn, categoryOf, type Offer } from "~/shell/palette/offers";
import { Preview } from "~/shell/palette/Preview";
import { useOffers } from "~/shell/palette/useOffers";
import { Empty } from "~/ui/Empty";
import { TextField } from "~/ui/TextField";
import { dragged } from "./drag";
import css from "./Library.module.css";
import { Tree } from "./Tree";

/** All that may be added, by category; chosen or dragged onto the canvas. */
export function Library() {
  const { t } = useTranslation("shell");
  const offers = useOffers();
  const [query, setQuery] = useState("");
  const [shown, setShown] = useState<Offer | null>(null);
  const found = offers.find(query);
  return (
    <div className={css["library"]}>
      <div className={css["search"]}>
        <TextField
          bare
          label={t("library.search")}
          placeholder={t("library.search")}
          icon={Search}
          value={query}
          change={setQuery}
        />
      </div>
      <Tree label={t("library.title")}>
        {query
          ? found.map((offer) => <Leaf key={offer.id} offer={offer} query={query} level={1} show={setShown} />)
          : categoriesIn(offers.all, null).map(({ path }) => (
              <Branch key={path} path={path} level={1} offers={offers.all} show={setShown} />
            ))}
        {query && found.length === 0 && <Empty icon={Search} title={t("palette.none")} />}
      </Tree>
      {shown && (
        <div className={css["help"]}>
          <Preview offer={shown} />
        </div>
      )}
    </div>
  );
}

interface BranchProps {
  readonly path: string;
  readonly level: number;
  readonly offers: readonly Offer[];
  show(offer: Offer): void;
}

function Branch({ path, level, offers, show }: BranchProps) {
  const [open, setOpen] = useState(false);
  const inside = categoriesIn(offers, path).filter((c) => c.path !== path);
  return (
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the tree has the keys
    <div
      role="treeitem"
      aria-expanded={open}
      aria-selected={false}
      aria-level={level}
      tabIndex={-1}
      className={css["branch"]}
      onClick={(event) => {
        event.stopPropagation();
        setOpen(!open);
      }}
    >
      <div className={css["row"]} style={{ paddingLeft: level * 12 - 8 }}>
        <ChevronRight size={14} className={css["arrow"]} />
        <span className={css["name"]}>{lastPart(path)}</span>
      </div>
      {open && (
        // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- what a tree wants
        <div role="group">
          {path !== "" &&
            inside.map((c) => <Branch key={c.path} path={c.path} level={level + 1} offers={offers} show={show} />)}
          {offers
            .filter((offer) => offer.category === path)
            .map((offer) => (
              <Leaf key={offer.id} offer={offer} query="" level={level + 1} show={show} />
            ))}
        </div>
      )}
    </div>
  );
}

const lastPart = (path: string) => categoryOf(path).split(" / ").at(-1);

interface LeafProps {
  readonly offer: Offer;
  readonly query: string;
  readonly level: number;
  show(offer: Offer): void;
}

function Leaf({ offer, query, level, show }: LeafProps) {
  return (
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/control-has-associated-label -- the tree has the keys; its text is inside
    <div
      role="treeitem"
      aria-selected={false}
      aria-level={level}
      tabIndex={-1}
      data-type={offer.id}
      draggable
      className={css["row"]}
      style={{ paddingLeft: level * 12 + 8 }}
      onDragStart={(event) => dragged(event.dataTransfer, offer)}
      onFocus={() => show(offer)}
      onPointerEnter={(event) => event.pointerType !== "touch" && show(offer)}
      onClick={(event) => {
        event.stopPropagation();
        accept(offer, { at: middle() });
      }}
    >
      <span className={css["name"]}>
        <Marked text={offer.label} query={query} />
      </span>
    </div>
  );
}

function middle(): [number, number] {
  const { x, y, width, height } = canvasApi.visibleRect();
  return [x + width / 2, y + height / 2];
}
