import { Image as ImageIcon } from "lucide-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { nameOf, viewUrl } from "~/api/files";
import type { Place } from "~/api/schema";
import { useDoc } from "~/stores/doc";
import { useRun } from "~/stores/run";
import { useServer } from "~/stores/server";
import { Empty } from "~/ui/Empty";
import { goTo, nameOfNode } from "./goto";
import { NodeProgress } from "./NodePreview";
import { showPictures } from "./NodeResult";
import css from "./PreviewPanel.module.css";
import { picturesIn } from "./shown";
import { useLive } from "./state";

interface Latest {
  readonly node: string;
  readonly pictures: readonly Place[];
}

/** What the job shows last: of its nodes with pictures, the one that came last. */
function useLatest(): Latest | null {
  const shown = useRun((s) => s.shown);
  return useMemo(() => {
    const all = Object.entries(shown).map(([node, told]) => ({ node, pictures: picturesIn(told) }));
    return all.findLast(({ pictures }) => pictures.length > 0) ?? null;
  }, [shown]);
}

/** The running job in large: the latent preview while it samples, then its picture. */
export function PreviewPanel() {
  const { t } = useTranslation("live");
  const preview = useLive((s) => s.preview);
  const latest = useLatest();
  if (!preview && !latest) return <Empty icon={ImageIcon} title={t("preview.none")} text={t("preview.none_text")} />;
  return (
    <div className={css["panel"]}>
      {preview ? (
        <figure className={css["figure"]}>
          <img className={css["large"]} src={preview.url} alt={t("preview.alt")} />
          <Caption node={preview.node} />
          <NodeProgress id={preview.node} />
        </figure>
      ) : (
        latest && <Result latest={latest} />
      )}
    </div>
  );
}

function Caption({ node }: { readonly node: string }) {
  const registry = useServer((s) => s.registry);
  const name = useDoc((s) => nameOfNode(s.doc, registry, node));
  return (
    <button type="button" className={css["node"]} onClick={() => goTo(node)}>
      {name}
    </button>
  );
}

function Result({ latest: { node, pictures } }: { readonly latest: Latest }) {
  const { t } = useTranslation("live");
  return (
    <figure className={css["figure"]}>
      {pictures.map((place, n) => (
        <button
          key={nameOf(place)}
          type="button"
          className={css["picture"]}
          onClick={() => showPictures(pictures, n)}
          aria-label={t("result.open", { name: nameOf(place) })}
        >
          <img className={css["large"]} src={viewUrl(place)} alt="" />
        </button>
      ))}
      <Caption node={node} />
    </figure>
  );
}
