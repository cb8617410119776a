import { ImageOff, Search, TriangleAlert, Workflow } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { fold } from "~/core/search";
import { Dialog } from "~/ui/Dialog";
import { Empty } from "~/ui/Empty";
import { TextField } from "~/ui/TextField";
import { tellFailure } from "./failures";
import { openTemplate } from "./open";
import type { Template } from "./schema";
import css from "./Templates.module.css";
import { loadTemplates, templateDescription, templateTitle, useTemplates } from "./templates";

/** The workflows that come along, as cards; arrows walk over them. */
export function Templates({ close }: { readonly args: unknown; close(): void }) {
  const { t } = useTranslation("files");
  const list = useTemplates((s) => s.list);
  const [query, setQuery] = useState("");
  const cards = useRef<HTMLUListElement>(null);
  useEffect(() => void loadTemplates().catch((error: unknown) => tellFailure(error)), []);
  const words = fold(query).toLowerCase().split(/\s+/).filter(Boolean);
  const shown = list.filter(({ name }) => {
    const text = fold(`${templateTitle(name)} ${templateDescription(name)} ${name}`).toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const open = (name: string) => {
    close();
    void openTemplate(name);
  };
  return (
    <Dialog size="large" title={t("templates.title")} flush close={close}>
      <div className={css["head"]}>
        <TextField
          bare
          type="search"
          label={t("templates.search")}
          placeholder={t("templates.search")}
          icon={Search}
          value={query}
          change={setQuery}
          data-first
          onKeyDown={(event) => {
            const first = shown[0];
            if (event.key === "Enter" && first) open(first.name);
            if (event.key === "ArrowDown") cards.current?.querySelector<HTMLElement>("button")?.focus();
          }}
        />
      </div>
      {!shown.length && <Empty icon={Workflow} title={t("templates.none")} />}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- arrows move between the cards */}
      <ul ref={cards} className={css["cards"]} onKeyDown={walk}>
        {shown.map((template) => (
          <li key={template.name}>
            <Card template={template} open={() => open(template.name)} />
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

/** Arrows go to the card that lies there, by where the cards are drawn. */
function walk(event: KeyboardEvent<HTMLUListElement>): void {
  const cards = [...event.currentTarget.querySelectorAll<HTMLElement>("button")];
  const at = cards.findIndex((card) => card === document.activeElement);
  const here = cards[at];
  if (!here || !event.key.startsWith("Arrow")) return;
  const across = cards.filter((card) => card.offsetTop === cards[0]?.offsetTop).length || 1;
  const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across };
  const next = cards[at + (steps[event.key] ?? 0)];
  event.preventDefault();
  next?.focus();
}

function Card({ template, open }: { readonly template: Template; open(): void }) {
  const { t } = useTranslation("files");
  const { name, nodes, models, thumbnail } = template;
  const missing = models.filter((model) => model.missing);
  const needed = models.filter((model) => model.kind !== "input");
  return (
    <button type="button" className={css["card"]} onClick={open} aria-describedby={`template-${name}`}>
      <span className={css["picture"]}>
        {thumbnail ? <img src={thumbnail} alt="" loading="lazy" className={css["image"]} /> : <ImageOff size={24} />}
      </span>
      <span className={css["title"]}>{templateTitle(name)}</span>
      <span id={`template-${name}`} className={css["words"]}>
        <span className={css["text"]}>{templateDescription(name)}</span>
        <span className={css["facts"]}>
          {t("templates.nodes", { count: nodes })}
          {needed.length > 0 && ` · ${needed.map((model) => model.name).join(", ")}`}
        </span>
        {missing.length > 0 && (
          <span className={css["missing"]}>
            <TriangleAlert size={12} />
            {t("templates.missing", { names: missing.map((model) => model.name).join(", ") })}
          </span>
        )}
      </span>
    </button>
  );
}
