import { GraduationCap, ImageOff, Search, TriangleAlert, Workflow } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { fold } from "~/core/search";
import { Button } from "~/ui/Button";
import { Dialog } from "~/ui/Dialog";
import { Empty } from "~/ui/Empty";
import { Tabs } from "~/ui/Tabs";
import { TextField } from "~/ui/TextField";
import { dialogArgs } from "./args";
import { tellFailure } from "./failures";
import { openTemplate } from "./open";
import type { Template } from "./schema";
import css from "./Templates.module.css";
import { byLesson, loadTemplates, templateDescription, templateTitle, useTemplates } from "./templates";

const PAGES = ["workflows", "lessons"] as const;
export type Page = (typeof PAGES)[number];

/** The workflows that come along, as cards: those to work with, and the lessons in their order; arrows walk over them. */
export function Templates({ args, close }: { readonly args: unknown; close(): void }) {
  const { t } = useTranslation(["files", "lessons"]);
  const list = useTemplates((s) => s.list);
  const [page, setPage] = useState<Page>(dialogArgs(args).name === "lessons" ? "lessons" : "workflows");
  const [query, setQuery] = useState("");
  const cards = useRef<HTMLDivElement>(null);
  useEffect(() => void loadTemplates().catch((error: unknown) => tellFailure(error)), []);
  const words = fold(query).toLowerCase().split(/\s+/).filter(Boolean);
  const found = list.filter((template) => words.every((word) => textOf(template).includes(word)));
  const pages = {
    workflows: found.filter(({ lesson }) => lesson === null),
    lessons: found.filter(({ lesson }) => lesson !== null).toSorted(byLesson),
  };
  const other = page === "lessons" ? "workflows" : "lessons";
  const shown = pages[page];
  const open = (name: string) => {
    close();
    void openTemplate(name);
  };
  const tabs = PAGES.map((id) => ({ id, label: t(`lessons:page.${id}`, { count: pages[id].length }) }));
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
            if (event.key === "ArrowDown") cards.current?.querySelector<HTMLElement>("[data-card]")?.focus();
          }}
        />
      </div>
      <Tabs
        label={t("lessons:pages")}
        tabs={tabs}
        chosen={page}
        choose={(id) => setPage(id === "lessons" ? "lessons" : "workflows")}
      >
        <div ref={cards}>
          {page === "lessons" && <p className={css["about"]}>{t("lessons:about")}</p>}
          {!shown.length && (
            <Empty icon={page === "lessons" ? GraduationCap : Workflow} title={t("templates.none")}>
              {pages[other].length > 0 && (
                <Button small onClick={() => setPage(other)}>
                  {t(`lessons:page.${other}`, { count: pages[other].length })}
                </Button>
              )}
            </Empty>
          )}
          <Cards ordered={page === "lessons"} templates={shown} open={open} />
        </div>
      </Tabs>
    </Dialog>
  );
}

/** What is searched of a template. */
const textOf = ({ name, lesson }: Template): string =>
  fold(`${lesson ?? ""} ${templateTitle(name)} ${templateDescription(name)} ${name}`).toLowerCase();

interface CardsProps {
  readonly ordered: boolean;
  readonly templates: readonly Template[];
  open(name: string): void;
}

function Cards({ ordered, templates, open }: CardsProps) {
  const List = ordered ? "ol" : "ul";
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- arrows move between the cards
    <List className={css["cards"]} onKeyDown={walk}>
      {templates.map((template) => (
        <li key={template.name}>
          <Card template={template} open={() => open(template.name)} />
        </li>
      ))}
    </List>
  );
}

/** Arrows go to the card that lies there, by where the cards are drawn. */
function walk(event: KeyboardEvent<HTMLElement>): void {
  const cards = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-card]")];
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
  const { t } = useTranslation(["files", "lessons"]);
  const { name, nodes, models, thumbnail, lesson } = template;
  const missing = models.filter((model) => model.missing);
  const here = models.filter((model) => model.kind !== "input" && !model.missing);
  return (
    <button type="button" data-card className={css["card"]} onClick={open} aria-describedby={`template-${name}`}>
      <span className={css["picture"]}>
        {thumbnail ? <img src={thumbnail} alt="" loading="lazy" className={css["image"]} /> : <ImageOff size={24} />}
        {lesson !== null && (
          <span className={css["number"]} aria-hidden>
            {lesson}
          </span>
        )}
      </span>
      <span className={css["title"]}>
        {lesson !== null && <span className="visually-hidden">{t("lessons:number", { n: lesson })} </span>}
        {templateTitle(name)}
      </span>
      <span id={`template-${name}`} className={css["words"]}>
        <span className={css["text"]}>{templateDescription(name)}</span>
        <span className={css["facts"]}>
          {t("templates.nodes", { count: nodes })}
          {here.length > 0 && ` · ${here.map((model) => model.name).join(", ")}`}
        </span>
        {missing.length > 0 && (
          <span className={css["missing"]}>
            <TriangleAlert size={12} aria-hidden />
            {t("templates.missing", { names: missing.map((model) => model.name).join(", ") })}
          </span>
        )}
      </span>
    </button>
  );
}
