/** A widget as it stands on a node: its value lives in the document, and what it says goes there. For tests. */

import { type ComponentType, useSyncExternalStore } from "react";
import { emptyDoc } from "~/core/document";
import { setValue } from "~/core/edits/nodes";
import type { InputDef, Json, JsonObject } from "~/core/types";
import { useDoc } from "~/stores/doc";
import type { WidgetProps } from "./registry";

export const inputDef = (more: Partial<InputDef> = {}): InputDef => ({
  type: "INT",
  required: true,
  help: "",
  ...more,
});

/** Put one node into an empty document. */
export function oneNode(values: JsonObject = {}, type = "Test"): void {
  const node = { type, values, links: {}, pos: [0, 0] as const, meta: {} };
  useDoc.getState().open({ ...emptyDoc(), root: { nodes: { "1": node }, groups: {}, notes: {} } });
}

export const valueOf = (name = "x"): Json | undefined => useDoc.getState().doc.root.nodes["1"]?.values[name];
export const metaOf = (): Readonly<JsonObject> => useDoc.getState().doc.root.nodes["1"]?.meta ?? {};

interface HeldProps extends Partial<WidgetProps> {
  readonly widget: ComponentType<WidgetProps>;
  readonly def: InputDef;
}

/** The widget of the input "x" of that node. */
export function Held({ widget: Widget, def, ...more }: HeldProps) {
  const value = useSyncExternalStore(useDoc.subscribe, () => valueOf());
  return (
    <Widget
      node="1"
      name="x"
      def={def}
      value={value ?? def.default}
      disabled={false}
      label="x"
      change={(to) => useDoc.getState().edit({ key: "test" }, (d) => setValue(d, null, "1", "x", to), "x")}
      {...more}
    />
  );
}
