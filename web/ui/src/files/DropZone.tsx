import { FileDown } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { carries } from "~/api/files";
import { canvasApi } from "~/canvas/api";
import css from "./DropZone.module.css";
import { openFiles } from "./open";

/** Files of this computer; a picture of the server that is dragged has its own taker. */
const hasFiles = ({ dataTransfer: data }: DragEvent): boolean =>
  data !== null && data.types.includes("Files") && !carries(data);

/** Files may be dropped anywhere; who takes them first (an image input) has them. While one hovers, the page says so. */
export function DropZone() {
  const { t } = useTranslation("files");
  const [over, setOver] = useState(false);
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    let last = 0;
    const move = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      last = event.timeStamp;
      if (!event.defaultPrevented && event.dataTransfer) event.dataTransfer.dropEffect = "copy";
      setOver(!event.defaultPrevented);
      event.preventDefault();
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null && event.timeStamp >= last) setOver(false);
    };
    const drop = (event: DragEvent) => {
      setOver(false);
      if (event.defaultPrevented || !hasFiles(event)) return;
      event.preventDefault();
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length) void openFiles(files, canvasApi.screenToCanvas([event.clientX, event.clientY]));
    };
    window.addEventListener("dragover", move, { signal });
    window.addEventListener("dragleave", leave, { signal });
    window.addEventListener("drop", drop, { signal });
    return () => stop.abort();
  }, []);
  if (!over) return null;
  return (
    <output className={css["zone"]}>
      <div className={css["card"]}>
        <FileDown size={28} />
        <p className={css["title"]}>{t("drop.title")}</p>
        <p className={css["text"]}>{t("drop.text")}</p>
      </div>
    </output>
  );
}
