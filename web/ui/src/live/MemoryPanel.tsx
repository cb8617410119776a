import { Cpu, RefreshCw } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { getJson, postJson } from "~/api/http";
import { cache as cacheSchema, type CacheReport, freed, memory as memorySchema, type MemoryReport } from "~/api/schema";
import { useServer } from "~/stores/server";
import { useUi } from "~/stores/ui";
import { Button, IconButton } from "~/ui/Button";
import { Empty } from "~/ui/Empty";
import { recheck } from "./check";
import { bytesText } from "./format";
import css from "./MemoryPanel.module.css";
import { complain } from "./run";
import { onEnded } from "./state";

interface Report {
  readonly memory: MemoryReport;
  readonly cache: CacheReport;
}

const read = async (): Promise<Report> => {
  const [memory, cache] = await Promise.all([getJson("/memory", memorySchema), getJson("/cache", cacheSchema)]);
  return { memory, cache };
};

/** Who holds what: models by file and part, kept results, the whole process; and ways to let go. */
export function MemoryPanel() {
  const { t } = useTranslation("live");
  const [report, setReport] = useState<Report | null>(null);
  const worker = useServer((s) => s.worker);
  const look = useCallback(() => void (worker && read().then(setReport, () => setReport(null))), [worker]);
  useEffect(look, [look]);
  useEffect(() => onEnded(look), [look]);
  const free = (path: string) =>
    void postJson(path, undefined, freed)
      .then((told) => {
        const bytes = bytesText(told.weights + told.cache);
        useUi.getState().toast("success", { key: "live:memory.freed", args: { bytes } });
        recheck();
        look();
      })
      .catch(complain);
  if (!report) return <Empty icon={Cpu} title={t("memory.none")} text={t("memory.none_text")} />;
  const { memory, cache } = report;
  return (
    <div className={css["panel"]}>
      <Meter
        label={t("memory.device", { name: memory.device.name })}
        used={memory.device.used}
        of={memory.device.bytes}
      />
      <Meter label={t("memory.process")} used={memory.process.bytes} of={memory.device.bytes} />
      <section>
        <h3 className={css["title"]}>{t("memory.models")}</h3>
        {memory.weights.length === 0 && <p className={css["nothing"]}>{t("memory.no_models")}</p>}
        <ul className={css["list"]}>
          {memory.weights.map((weight) => (
            <li key={`${weight.name} ${weight.part}`} className={css["row"]}>
              <span className={css["name"]}>
                {weight.name}
                <small>
                  {[
                    t(`memory.part.${weight.part}`, { defaultValue: weight.part }),
                    t(`memory.place.${weight.place}`, { defaultValue: weight.place }),
                  ].join(" · ")}
                </small>
              </span>
              <span className={css["figure"]}>{bytesText(weight.bytes)}</span>
              <small className={css["holders"]} data-held={weight.holders.length > 0 || undefined}>
                {weight.holders.length ? t("memory.held", { names: weight.holders.join(", ") }) : t("memory.idle")}
              </small>
            </li>
          ))}
        </ul>
        <Button small disabled={!memory.weights.some((w) => !w.holders.length)} onClick={() => free("/memory/free")}>
          {t("memory.free")}
        </Button>
      </section>
      <section>
        <h3 className={css["title"]}>{t("memory.results")}</h3>
        <Meter
          label={t("memory.in_memory", { count: cache.memory.count })}
          used={cache.memory.used}
          of={cache.memory.budget}
        />
        <Meter label={t("memory.on_disk")} used={cache.disk.used} of={cache.disk.budget} />
        <Button small disabled={!cache.memory.count} onClick={() => free("/cache/clear")}>
          {t("memory.clear")}
        </Button>
      </section>
      <IconButton icon={RefreshCw} small label={t("memory.look")} onClick={look} />
    </div>
  );
}

function Meter({ label, used, of }: { readonly label: string; readonly used: number; readonly of: number }) {
  return (
    <div className={css["meter"]}>
      <span>{label}</span>
      <span className={css["figure"]}>{[bytesText(used), of ? bytesText(of) : ""].filter(Boolean).join(" / ")}</span>
      <meter aria-label={label} min={0} max={of || 1} value={Math.min(used, of || 1)} high={0.9 * of} />
    </div>
  );
}
