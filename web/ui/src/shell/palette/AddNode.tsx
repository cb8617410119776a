import { Command } from "cmdk";
import { ChevronRight, CornerDownLeft, Folder } from "lucide-react";
import { type KeyboardEvent, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { usePhone } from "~/app/useMedia";
import { canvasApi } from "~/canvas/api";
import { SocketDot } from "~/canvas/SocketDot";
import { here } from "~/shell/here";
import { type PaletteRequest, useUi } from "~/stores/ui";
import { Kbd } from "~/ui/Kbd";
import { accept } from "./accept";
import css from "./AddNode.module.css";
import { Floating } from "./Floating";
import { Marked } from "./Marked";
import { categoriesIn, categoryOf, type Offer, wireOf } from "./offers";
import { Preview } from "./Preview";
import { useOffers } from "./useOffers";

/** The palette that adds nodes, while it is asked for. */
export function AddNode() {
  const request = useUi((s) => s.palette);
  return request && <Palette request={request} />;
}

const close = () => useUi.getState().openPalette(null);

function Palette({ request }: { readonly request: PaletteRequest }) {
  const { t } = useTranslation("shell");
  const phone = usePhone();
  const offers = useOffers(request.from);
  const [query, setQuery] = useState("");
  const [category, setCategory] = useState<string | null>(null);
  const [value, setValue] = useState("");
  const wire = useMemo(() => request.from && wireOf(here(), request.from), [request]);
  const at = useMemo(() => (request.at && !phone ? canvasApi.canvasToScreen(request.at) : undefined), [request, phone]);
  const choose = (offer: Offer) => {
    close();
    // After the dialog gave the focus back, so that the new node keeps it.
    queueMicrotask(() => accept(offer, request));
  };
  const enter = (path: string | null) => {
    setCategory(path);
    setValue("");
  };
  const key = (event: KeyboardEvent) => {
    if (query) return;
    const open = value.startsWith("category:") ? value.slice("category:".length) : null;
    if (event.key === "ArrowRight" && open !== null) enter(open);
    else if ((event.key === "ArrowLeft" || event.key === "Backspace") && category !== null) enter(above(category));
    else return;
    event.preventDefault();
  };
  const found = query ? offers.find(query) : [];
  const shown = [...found, ...offers.all].find((offer) => offer.id === value);
  return (
    <Floating label={t("palette.title")} at={at} close={close}>
      <Command
        shouldFilter={false}
        loop
        label={t("palette.title")}
        value={value}
        onValueChange={setValue}
        onKeyDown={key}
        className={css["palette"]}
      >
        <div className={css["head"]}>
          {category !== null && !query && (
            <button type="button" className={css["crumb"]} onClick={() => enter(above(category))}>
              {categoryOf(category)}
            </button>
          )}
          <Command.Input
            value={query}
            onValueChange={setQuery}
            placeholder={t("palette.placeholder")}
            className={css["input"]}
          />
          {wire !== undefined && (
            <span className={css["wire"]}>
              <SocketDot type={wire} />
              {t("palette.fits", { type: wire })}
            </span>
          )}
        </div>
        <div className={css["main"]}>
          <Command.List className={css["list"]}>
            <Command.Empty className={css["none"]}>{t("palette.none")}</Command.Empty>
            {query ? (
              <Rows offers={found} query={query} choose={choose} />
            ) : (
              <Browse offers={offers} category={category} flat={Boolean(request.from)} enter={enter} choose={choose} />
            )}
          </Command.List>
          {!phone && shown && <Preview offer={shown} />}
        </div>
        <footer className={css["foot"]}>
          <Kbd keys="Enter" />
          <span>{t("palette.accept")}</span>
        </footer>
      </Command>
    </Floating>
  );
}

const above = (category: string): string | null => category.split("/").slice(0, -1).join("/") || null;

interface RowsProps {
  readonly offers: readonly Offer[];
  readonly query: string;
  choose(offer: Offer): void;
}

function Rows({ offers, query, choose }: RowsProps) {
  return offers.map((offer) => (
    <Command.Item
      key={offer.id}
      value={offer.id}
      className={css["item"]}
      data-type={offer.id}
      onSelect={() => choose(offer)}
    >
      <span className={css["label"]}>
        <Marked text={offer.label} query={query} />
      </span>
      <span className={css["category"]}>{categoryOf(offer.category)}</span>
      <CornerDownLeft size={12} className={css["go"]} />
    </Command.Item>
  ));
}

interface BrowseProps {
  readonly offers: ReturnType<typeof useOffers>;
  readonly category: string | null;
  /** All at once, without categories. */
  readonly flat: boolean;
  enter(path: string): void;
  choose(offer: Offer): void;
}

/** What there is while nothing is typed: what was used lately, then by category. */
function Browse({ offers, category, flat, enter, choose }: BrowseProps) {
  const { t } = useTranslation("shell");
  const rows = (some: readonly Offer[]) => <Rows offers={some} query="" choose={choose} />;
  if (category === null && flat) {
    const rest = offers.all.filter((offer) => !offers.recent.includes(offer));
    return (
      <>
        {offers.recent.length > 0 && <Command.Group heading={t("palette.recent")}>{rows(offers.recent)}</Command.Group>}
        <Command.Group heading={t("palette.all")}>{rows(rest)}</Command.Group>
      </>
    );
  }
  const inside = categoriesIn(offers.all, category).filter(({ path }) => path !== category);
  return (
    <>
      {category === null && offers.recent.length > 0 && (
        <Command.Group heading={t("palette.recent")}>{rows(offers.recent)}</Command.Group>
      )}
      <Command.Group heading={category === null ? t("palette.categories") : categoryOf(category)}>
        {inside.map(({ path, count }) => (
          <Command.Item key={path} value={`category:${path}`} className={css["item"]} onSelect={() => enter(path)}>
            <Folder size={14} className={css["folder"]} />
            <span className={css["label"]}>{categoryOf(path)}</span>
            <span className={css["category"]}>{count}</span>
            <ChevronRight size={14} className={css["more"]} />
          </Command.Item>
        ))}
        {category !== null && rows(offers.in(category))}
      </Command.Group>
    </>
  );
}
