import { useTranslation } from "react-i18next";
import { SocketDot } from "~/canvas/SocketDot";
import { hasWidget } from "~/core/document";
import { inputLabel, outputLabel } from "~/i18n/nodes";
import { cx } from "~/ui/cx";
import { categoryOf, type Offer } from "./offers";
import css from "./Preview.module.css";

/** What a node type is: its sockets as they will be on the canvas, and what it does. */
export function Preview({ offer }: { readonly offer: Offer }) {
  const { t } = useTranslation("shell");
  const { type } = offer;
  return (
    <aside className={css["preview"]} aria-label={t("palette.preview")}>
      <p className={css["category"]}>{categoryOf(offer.category)}</p>
      {type ? <Sketch offer={offer} /> : <h3 className={css["title"]}>{offer.label}</h3>}
      {offer.help && <p className={css["help"]}>{offer.help}</p>}
      {type && type.name !== offer.label && <p className={css["name"]}>{type.name}</p>}
    </aside>
  );
}

function Sketch({ offer: { type, label, socket } }: { readonly offer: Offer }) {
  if (!type) return null;
  const inputs = Object.entries(type.inputs);
  const linked = inputs.filter(([, def]) => !hasWidget(def));
  const typed = inputs.filter(([, def]) => hasWidget(def));
  return (
    <div className={css["node"]}>
      <h3 className={css["head"]}>{label}</h3>
      <div className={css["sockets"]}>
        <ul>
          {linked.map(([name, def]) => (
            <li key={name} className={cx(css["socket"], socket === name && css["fits"])}>
              <SocketDot type={def.type} />
              <span>{inputLabel(type, name)}</span>
            </li>
          ))}
        </ul>
        <ul className={css["outputs"]}>
          {type.outputs.map((output, i) => (
            // oxlint-disable-next-line react/no-array-index-key -- outputs are told by their place
            <li key={i} className={cx(css["socket"], socket === i && css["fits"])}>
              <span>{outputLabel(type, i)}</span>
              <SocketDot type={output.type} />
            </li>
          ))}
        </ul>
      </div>
      {typed.length > 0 && (
        <ul className={css["widgets"]}>
          {typed.map(([name, def]) => (
            <li key={name} className={cx(css["socket"], socket === name && css["fits"])}>
              {socket === name && <SocketDot type={def.type} />}
              <span>{inputLabel(type, name)}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
