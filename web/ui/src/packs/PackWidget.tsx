/** A pack's widget among ours. */

import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { InputDef } from "~/core/types";
import { type WidgetKind, type WidgetProps, widgetFor } from "~/widgets/registry";
import { Mounted } from "./Mounted";
import css from "./PackWidget.module.css";
import { isOn, usePacks } from "./state";
import type { PackInput, PackWidget } from "./types";

export function inputOf(name: string, def: InputDef): PackInput {
  const { type, min, max, step, options, widget } = def;
  return Object.freeze({
    name,
    type,
    ...(def.default !== undefined && { default: def.default }),
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(step !== undefined && { step }),
    ...(options && { choices: options }),
    ...(widget && { widget }),
  });
}

/** A pack's widget as a row of the table of widgets. */
export function widgetKind(pack: string, widget: PackWidget): WidgetKind {
  const asked = (def: InputDef, name: string, type: string) =>
    widget.fits ? widget.fits(inputOf(name, def), type) : def.widget?.name === widget.name;
  return {
    name: `pack.${pack}.${widget.name}`,
    fits: (def, name, type) => isOn(pack) && asked(def, name, type),
    component: (props) => <Widget pack={pack} widget={widget} {...props} />,
  };
}

/** When its pack fails, the widget that would have been there without it takes its place. */
function Widget({ pack, widget, ...given }: WidgetProps & { pack: string; widget: PackWidget }) {
  const { i18n } = useTranslation();
  const on = usePacks((s) => s.packs[pack]?.state === "on");
  const { name, def, value, disabled, label, change } = given;
  const input = useMemo(() => inputOf(name, def), [name, def]);
  const props = { input, value, disabled, label, language: i18n.language, change };
  const Other = on ? null : widgetFor(def, name, def.type)?.component;
  if (Other) return <Other {...given} />;
  return on ? <Mounted pack={pack} mount={widget.mount} props={props} className={css["place"]} /> : null;
}
