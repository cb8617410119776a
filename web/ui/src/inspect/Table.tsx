import i18next from "i18next";
import { useTranslation } from "react-i18next";
import { bytesText } from "~/live/format";
import type { TableView } from "./schema";
import css from "./Views.module.css";

type Value = TableView["rows"][number][1];

/** What a row's first word says in the reader's language; a word that nobody knows stands as it is. */
export const wordOf = (key: string): string =>
  i18next.exists(`inspect:row.${key}`) ? i18next.t(`inspect:row.${key}`) : key;

/** A number with as many digits as tell something; bytes as people read them. */
export function valueText(key: string, value: Value): string {
  if (typeof value !== "number") return String(value ?? "");
  if (key === "bytes") return bytesText(value);
  const digits = Number.isInteger(value) ? {} : { maximumSignificantDigits: 5 };
  const tiny = value !== 0 && Math.abs(value) < 1e-4;
  return tiny ? value.toExponential(3) : new Intl.NumberFormat(i18next.language, digits).format(value);
}

/** Numbers and words by name. */
export function Table({ view }: { readonly view: TableView }) {
  useTranslation("inspect");
  if (!view.rows.length) return null;
  return (
    <dl className={css["table"]}>
      {view.rows.map(([key, value], n) => (
        // oxlint-disable-next-line react/no-array-index-key -- a word may stand there twice
        <div key={n} className={css["row"]}>
          <dt>{wordOf(key)}</dt>
          <dd data-number={typeof value === "number"}>{valueText(key, value)}</dd>
        </div>
      ))}
    </dl>
  );
}
