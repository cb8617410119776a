import type { TFunction } from "i18next";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { type Tab, useTabs } from "~/stores/tabs";
import { Dialog } from "~/ui/Dialog";
import { dialogArgs } from "./args";
import { readStored } from "./client";
import { compareWith, compareWithLastRun } from "./compare";
import css from "./Compare.module.css";
import { tellFailure } from "./failures";
import { useStored } from "./library";
import { readAny } from "./open";
import { docOf } from "./tabs";
import { baseName, titleOf } from "./titles";

async function compareWithStored(name: string): Promise<void> {
  try {
    compareWith((await readAny(await readStored(name))).doc, baseName(name));
  } catch (error) {
    tellFailure(error, name);
  }
}

interface Choice {
  readonly key: string;
  readonly label: string;
  readonly about?: string;
  run(): void | Promise<void>;
}

/** Chooses what the front tab is compared with; a file that is named is taken at once. */
export function Compare({ args, close }: { readonly args: unknown; close(): void }) {
  const { name } = dialogArgs(args);
  useEffect(() => {
    if (name === undefined) return;
    close();
    void compareWithStored(name);
  }, [name, close]);
  return name === undefined ? <Choose close={close} /> : null;
}

function Choose({ close }: { close(): void }) {
  const { t } = useTranslation("files");
  const { files } = useStored();
  const all = useTabs((s) => s.tabs);
  const front = useTabs((s) => s.tabs.find((tab) => tab.id === s.front));
  const own = front ? ownChoices(front, t) : [];
  const tabs = all
    .filter((tab) => tab.id !== front?.id)
    .map((tab): Choice => ({ key: tab.id, label: titleOf(tab), run: () => compareWith(docOf(tab), titleOf(tab)) }));
  const stored = (files ?? [])
    .filter(({ path }) => front?.file?.kind !== "server" || front.file.name !== path)
    .map(
      ({ path }): Choice => ({ key: path, label: path.replace(/\.json$/i, ""), run: () => compareWithStored(path) }),
    );
  return (
    <Dialog size="small" title={t("compare.title")} close={close}>
      <div className={css["parts"]}>
        {own.length + tabs.length + stored.length === 0 && <p>{t("compare.none")}</p>}
        <Choices choices={own} close={close} />
        <Choices title={t("compare.tabs")} choices={tabs} close={close} />
        <Choices title={t("compare.stored")} choices={stored} close={close} />
      </div>
    </Dialog>
  );
}

/** What a tab can be compared with of its own: its latest run, and its file. */
function ownChoices({ job, dirty, saved, file }: Tab, t: TFunction<"files">): Choice[] {
  const run = { key: "job", label: t("compare.lastRun"), about: t("compare.lastRunText"), run: compareWithLastRun };
  const look = () => {
    if (saved) compareWith(saved, t("compare.saved"));
    else if (file) void compareWithStored(file.name);
  };
  const known = dirty && (saved !== null || file?.kind === "server");
  const own = { key: "saved", label: t("compare.saved"), about: t("compare.savedText"), run: look };
  return [...(job === null ? [] : [run]), ...(known ? [own] : [])];
}

interface ChoicesProps {
  readonly title?: string;
  readonly choices: readonly Choice[];
  close(): void;
}

function Choices({ title, choices, close }: ChoicesProps) {
  if (!choices.length) return null;
  return (
    <section>
      {title && <h3 className={css["title"]}>{title}</h3>}
      <ul>
        {choices.map(({ key, label, about, run }) => (
          <li key={key}>
            <button
              type="button"
              className={css["choice"]}
              onClick={() => {
                close();
                void run();
              }}
            >
              <span>{label}</span>
              {about && <span className={css["about"]}>{about}</span>}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
