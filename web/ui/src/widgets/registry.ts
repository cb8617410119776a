/** Which component edits an input. Packs add theirs through the same table.
 * A widget fills the box that it is given (geometry.ts says how high) and draws its label itself, inside. */

import type { ComponentType } from "react";
import type { InputDef, Json, NodeId, Scope } from "~/core/types";

export interface WidgetProps {
  /** Of the graph on the canvas; the run's id is the path's prefix + this. */
  readonly node: NodeId;
  /** Of which graph the node is; the one on the canvas without it. */
  readonly scope?: Scope;
  readonly name: string;
  readonly def: InputDef;
  readonly value: Json | undefined;
  /** Linked inputs and read-only graphs cannot be typed in. */
  readonly disabled: boolean;
  /** What it is called, in the reader's language; a control needs it as its accessible name. */
  readonly label: string;
  /** Of problems at this input, for aria-describedby. */
  readonly describedBy?: string;
  /** The label stands beside the widget (as in a form): it draws none, and keeps it as its accessible name. */
  readonly bare?: boolean;
  change(value: Json): void;
}

export interface WidgetKind {
  readonly name: string;
  readonly component: ComponentType<WidgetProps>;
  /** Whether it is the one for an input; the first that says so wins, later registrations are asked first. */
  fits(def: InputDef, name: string, type: string): boolean;
}

const kinds: WidgetKind[] = [];

export const registerWidgets = (some: readonly WidgetKind[]): void => void kinds.unshift(...some);

export const widgetFor = (def: InputDef, name: string, type: string): WidgetKind | undefined =>
  kinds.find((kind) => kind.fits(def, name, type));
