import { Image as ImageIcon } from "lucide-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { nameOf, viewUrl } from "~/api/files";
import type { Place } from "~/api/schema";
import { showPictures } from "~/live/NodeResult";
import { picturesIn } from "~/live/shown";
import { useLive } from "~/live/state";
import { useRun } from "~/stores/run";
import { Empty } from "~/ui/Empty";
import css from "./Form.module.css";

/** The pictures of the node that showed some last. */
function useLatest(): readonly Place[] {
  const shown = useRun((s) => s.shown);
  return useMemo(
    () =>
      Object.values(shown)
        .map(picturesIn)
        .findLast((some) => some.length > 0) ?? [],
    [shown],
  );
}

/** The picture in large: what is being made, else what was made last. */
export function Result() {
  const { t } = useTranslation("form");
  const preview = useLive((s) => s.preview);
  const running = useRun((s) => s.current?.state === "running");
  const pictures = useLatest();
  if (running && preview)
    return (
      <img
        className={css["large"]}
        src={preview.url}
        alt={t("preview")}
        width={preview.width}
        height={preview.height}
      />
    );
  if (!pictures.length) return <Empty icon={ImageIcon} title={t("none.title")} text={t("none.text")} />;
  return (
    <div className={css["pictures"]} data-many={pictures.length > 1 || undefined}>
      {pictures.map((place, n) => (
        <button
          key={`${place.type} ${nameOf(place)}`}
          type="button"
          className={css["picture"]}
          aria-label={t("open", { name: nameOf(place) })}
          onClick={() => showPictures(pictures, n)}
        >
          <img className={css["large"]} src={viewUrl(place)} alt="" />
        </button>
      ))}
    </div>
  );
}
