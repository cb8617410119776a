/** What a node pack can add to the editor: the whole interface, version 1. README.md tells it with examples.
 *
 * A pack's module is `web/editor.js` in its folder:
 *
 *     export default (editor) => { editor.registerWidget({ … }); };
 *
 * Everything is registered while that function runs (it may be async, for three seconds), or not at all. */

import type { Json, JsonObject } from "~/core/types";

/** What a `mount` may give back; both are optional. */
export interface Mounted<Props> {
  /** Other values are to be shown. */
  update?(props: Props): void;
  /** The element goes: let go of what does not lie in it. */
  destroy?(): void;
}

/** Draw into an element, with whatever means. */
export type Mount<Props> = (element: HTMLElement, props: Props) => Mounted<Props> | undefined;

/** An input as its node type defines it. */
export interface PackInput {
  readonly name: string;
  readonly type: string;
  readonly default?: Json;
  readonly min?: number | string;
  readonly max?: number | string;
  readonly step?: number;
  readonly choices?: readonly string[];
  /** The widget that the node type asks for, with its options. */
  readonly widget?: { readonly name: string; readonly [option: string]: Json };
}

export interface WidgetProps {
  readonly input: PackInput;
  /** Integers beyond ±2^53 are decimal strings. */
  readonly value: Json | undefined;
  readonly disabled: boolean;
  /** What it is called; give it to the control as its accessible name, and draw it. */
  readonly label: string;
  readonly language: string;
  /** Set the value; can be undone. */
  change(value: Json): void;
}

export interface PackWidget {
  /** As node types ask for it: `Widget("NAME")` in Python. */
  readonly name: string;
  /** Whether it edits an input; without it, those that ask for it by name. */
  fits?(input: PackInput, nodeType: string): boolean;
  readonly mount: Mount<WidgetProps>;
}

export interface PanelProps {
  readonly language: string;
}

export interface PackPanel {
  readonly id: string;
  /** A key of the pack's texts. */
  readonly title: string;
  readonly side?: "left" | "right" | "bottom";
  /** The path (`d`) of a line drawing in a box of 24 by 24. */
  readonly icon?: string;
  readonly mount: Mount<PanelProps>;
}

export interface PackCommand {
  readonly id: string;
  /** A key of the pack's texts. */
  readonly title: string;
  /** As "Mod+Shift+X". */
  readonly keys?: readonly string[];
  run(): void | Promise<void>;
}

/** Texts by language, then by key: { en: { title: "Dial" }, vi: { title: "Núm xoay" } }. English stands in for what is
 * missing. */
export type PackTexts = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The document in front. */
export interface PackGraph {
  /** The workflow as its file would be. */
  read(): JsonObject;
  /** Ids of the selected nodes in the graph that is shown. */
  selection(): readonly string[];
  /** Type a value into an input of a node of the graph that is shown; can be undone. */
  setValue(node: string, input: string, value: Json): void;
  /** Be called after each change of document or selection; gives back how to stop that. */
  subscribe(listener: () => void): () => void;
}

/** The pack's own routes, under /api/v1/packs/NAME. */
export interface PackApi {
  get(path: string): Promise<Json>;
  post(path: string, body?: Json): Promise<Json>;
}

/** What the function of a pack's module is given; frozen. */
export interface PackEditor {
  readonly version: 1;
  registerWidget(widget: PackWidget): void;
  registerPanel(panel: PackPanel): void;
  registerCommands(commands: readonly PackCommand[]): void;
  registerTexts(texts: PackTexts): void;
  /** A text of the pack in the reader's language. */
  text(key: string, args?: Readonly<Record<string, string | number>>): string;
  readonly graph: PackGraph;
  readonly api: PackApi;
}
