import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { canvasApi } from "~/canvas/api";
import { problemText } from "~/i18n/problems";
import { useUi } from "~/stores/ui";
import { Button } from "~/ui/Button";
import { Dialog } from "~/ui/Dialog";
import { dialogArgs } from "./args";
import css from "./NoticeDialog.module.css";
import { type Notice, useNotices } from "./notices";
import type { Missing } from "./schema";

/** All that a file asks for and is not here: which pack a node type came with, names that look alike, addresses. */
export function NoticeDialog({ args, close }: { readonly args: unknown; close(): void }) {
  const { t } = useTranslation("files");
  const told = useNotices((s) => s.notices[dialogArgs(args).id ?? ""]);
  if (!told) return null;
  return (
    <Dialog title={t("notice.title")} close={close}>
      <div className={css["parts"]}>
        {told.missing.types.length > 0 && <Types types={told.missing.types} close={close} />}
        {told.missing.files.length > 0 && <Files files={told.missing.files} close={close} />}
        {told.problems.length + told.warnings.length > 0 && <Lost told={told} />}
      </div>
    </Dialog>
  );
}

function Types({ types, close }: { readonly types: Missing["types"]; close(): void }) {
  const { t } = useTranslation("files");
  return (
    <section>
      <h3 className={css["title"]}>{t("notice.typesTitle")}</h3>
      <p className={css["text"]}>{t("notice.typesText")}</p>
      <ul className={css["list"]}>
        {types.map(({ type, pack, near, nodes }) => (
          <li key={type} className={css["row"]}>
            <div className={css["what"]}>
              <code>{type}</code>
              <span className={css["about"]}>
                {packText(pack, t)}
                {near.length > 0 && ` ${t("notice.near", { names: near.join(", ") })}`}
              </span>
            </div>
            <Jump nodes={nodes} close={close} />
          </li>
        ))}
      </ul>
    </section>
  );
}

type Say = TFunction<"files">;

/** From which pack a type is; ComfyUI's own nodes say "comfy-core". */
function packText(pack: string, t: Say): string {
  if (!pack) return t("notice.packUnknown");
  return pack === "comfy-core" ? t("notice.packCore") : t("notice.pack", { pack });
}

function Files({ files, close }: { readonly files: Missing["files"]; close(): void }) {
  const { t } = useTranslation("files");
  return (
    <section>
      <h3 className={css["title"]}>{t("notice.filesTitle")}</h3>
      <ul className={css["list"]}>
        {files.map(({ kind, name, near, url, nodes }) => (
          <li key={`${kind} ${name}`} className={css["row"]}>
            <div className={css["what"]}>
              <code>{name}</code>
              <span className={css["about"]}>
                {t("notice.folder", { kind })}
                {near.length > 0 && ` ${t("notice.near", { names: near.join(", ") })}`}
              </span>
              {url !== null && (
                <a href={url} target="_blank" rel="noopener noreferrer" className={css["url"]}>
                  {t("notice.url", { host: hostOf(url) })}
                </a>
              )}
            </div>
            <Jump nodes={nodes} close={close} />
          </li>
        ))}
      </ul>
    </section>
  );
}

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : url);

function Lost({ told }: { readonly told: Notice }) {
  const { t } = useTranslation("files");
  return (
    <section>
      <h3 className={css["title"]}>{t("notice.lostTitle")}</h3>
      <ul className={css["lines"]}>
        {told.warnings.map((warning) => (
          <li key={`${warning.key} ${JSON.stringify(warning.args)}`}>{t(warning.key, { ...warning.args })}</li>
        ))}
        {told.problems.map((problem) => (
          <li key={`${problem.code} ${problem.node} ${problem.input} ${JSON.stringify(problem.args)}`}>
            {problemText(problem)}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Go to the nodes on the canvas; of those inside subgraphs, to the instance. */
function Jump({ nodes, close }: { readonly nodes: readonly string[]; close(): void }) {
  const { t } = useTranslation("files");
  const go = () => {
    close();
    const ids = [...new Set(nodes.map((id) => id.split(":")[0] ?? id))];
    const { leave, select } = useUi.getState();
    leave();
    select(ids);
    requestAnimationFrame(() => canvasApi.center(ids));
  };
  return (
    <Button small onClick={go}>
      {t("notice.show", { count: nodes.length })}
    </Button>
  );
}
