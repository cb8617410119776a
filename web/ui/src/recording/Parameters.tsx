import { useTranslation } from "react-i18next";
import type { Json } from "~/core/types";
import { parted } from "./parted";
import css from "./Why.module.css";
import type { Comparison, Parameter } from "./schema";

/** Inputs that are not the same, by name, before and after. */
export function Changed({ parameters }: { readonly parameters: readonly Parameter[] }) {
  const { t } = useTranslation("recording");
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a wide table scrolls by keyboard too
    <section className={css["scroll"]} tabIndex={0} aria-label={t("why.parameters")}>
      <table className={css["table"]}>
        <thead>
          <tr>
            <th scope="col">{t("why.node")}</th>
            <th scope="col">{t("why.input")}</th>
            <th scope="col">{t("why.before")}</th>
            <th scope="col">{t("why.after")}</th>
          </tr>
        </thead>
        <tbody>
          {parameters.map(({ node, title, input, before, after }) => (
            <tr key={`${node} ${input}`}>
              <th scope="row">{title}</th>
              <td className={css["input"]}>{input}</td>
              <Value value={before} other={after} />
              <Value value={after} other={before} />
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const shown = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));

/** A value with what the other one has not. */
function Value({ value, other }: { readonly value: Json; readonly other: Json }) {
  const { t } = useTranslation("recording");
  if (value === null) return <td className={css["unset"]}>{t("why.unset")}</td>;
  const text = shown(value);
  if (typeof value !== "string" || typeof other !== "string") return <td className={css["value"]}>{text}</td>;
  return (
    <td className={css["value"]}>
      {parted(text, other).map(({ text: part, own }, n) =>
        // oxlint-disable-next-line react/no-array-index-key -- parts are told by their place
        own ? <mark key={n}>{part}</mark> : <span key={n}>{part}</span>,
      )}
    </td>
  );
}

interface NodesProps {
  readonly title: string;
  readonly nodes: Comparison["added"];
}

/** Nodes that one of the two runs has not. */
export function Nodes({ title, nodes }: NodesProps) {
  if (!nodes.length) return null;
  return (
    <section className={css["nodes"]}>
      <h3>{title}</h3>
      <ul>
        {nodes.map((node) => (
          <li key={node.node}>
            {node.title}
            {node.title !== node.type && <small>{node.type}</small>}
          </li>
        ))}
      </ul>
    </section>
  );
}
