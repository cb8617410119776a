import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type Found, search } from "~/core/search";
import type { From } from "~/shell/here";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { likeliest, likely, useUsage } from "~/stores/usage";
import { scopeOf, useUi } from "~/stores/ui";
import { indexOf, type Offer, offersFor, within } from "./offers";

/** Results that are drawn; who wants another types on. */
const MOST = 60;
const RECENT = 6;

export interface Offers {
  readonly all: readonly Offer[];
  /** What matches a query, the best first. */
  find(query: string): readonly Offer[];
  /** What was used lately and often. */
  readonly recent: readonly Offer[];
  /** What lies right in a category. */
  in(category: string): readonly Offer[];
  /** What lies in a category at any depth. */
  below(category: string): readonly Offer[];
}

/** What may be added to the shown graph; only what fits `from`, if that is given. */
export function useOffers(from?: From): Offers {
  const { i18n } = useTranslation();
  const { language } = i18n;
  const registry = useServer((s) => s.registry);
  const doc = useDoc((s) => s.doc);
  const scope = useUi((s) => scopeOf(s.path));
  const uses = useUsage((s) => s.nodes);
  return useMemo(() => {
    const all = offersFor({ doc, scope, registry }, from, language);
    const index = indexOf(all);
    const byId = new Map(all.map((offer) => [offer.id, offer]));
    const pick = (ids: readonly string[]) => ids.flatMap((id) => byId.get(id) ?? []);
    return {
      all,
      find: (query) => {
        const found = search(index, query, (id) => likely(uses, id));
        return pick(found.slice(0, MOST).map((f: Found) => f.id));
      },
      recent: pick(likeliest(uses, 40)).slice(0, RECENT),
      in: (category) => all.filter((offer) => offer.category === category),
      below: (category) => all.filter((offer) => within(offer.category, category)),
    };
  }, [language, registry, doc, scope, uses, from]);
}
