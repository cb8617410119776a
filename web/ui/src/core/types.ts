/** The words of the editor: a document, its graphs, nodes, links, frames and notes, and the node types they refer to. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** Unique within one graph; letters, digits and "." by habit, never ":" (that joins the ids of nested instances). */
export type NodeId = string;
export type SubgraphId = string;
/** In canvas units: pixels at 100 %. */
export type Point = readonly [x: number, y: number];
export type Size = readonly [width: number, height: number];
export type Mode = "mute" | "bypass";
/** Which graph of a document: the top one (null) or a subgraph's definition. */
export type Scope = SubgraphId | null;

/** Where an input takes its value from; `points` are the reroute points between, from the output on. */
export interface Link {
  readonly node: NodeId;
  readonly output: number;
  readonly points?: readonly Point[];
}

/** A node. Input `name` is linked (`links[name]`), or typed in (`values[name]`), or left to its default (neither).
 * A linked input may keep its typed-in value, to come back when the link goes. Integers beyond ±2^53 are decimal
 * strings everywhere. */
export interface GraphNode {
  readonly type: string;
  readonly values: Readonly<Record<string, Json>>;
  readonly links: Readonly<Record<string, Link>>;
  readonly title?: string;
  readonly pos: Point;
  /** What the user chose; without it the size follows from the node type (geometry.ts). */
  readonly size?: Size;
  readonly collapsed?: boolean;
  readonly pinned?: boolean;
  readonly color?: string;
  readonly mode?: Mode;
  /** All else of `_meta`, kept as it was: control, labels, models, pack, slots, properties, … */
  readonly meta: Readonly<JsonObject>;
}

/** A titled frame that carries what lies in it along. */
export interface Group {
  readonly title: string;
  readonly pos: Point;
  readonly size: Size;
  readonly color?: string;
  readonly pinned?: boolean;
  readonly meta: Readonly<JsonObject>;
}

export interface Note {
  readonly text: string;
  readonly markdown?: boolean;
  readonly pos: Point;
  readonly size: Size;
  readonly color?: string;
  readonly meta: Readonly<JsonObject>;
}

export interface Graph {
  readonly nodes: Readonly<Record<NodeId, GraphNode>>;
  readonly groups: Readonly<Record<string, Group>>;
  readonly notes: Readonly<Record<string, Note>>;
}

/** An input (or promoted widget) of a subgraph, and the inputs inside that it feeds. */
export interface PortIn {
  readonly name: string;
  readonly type: string;
  readonly label?: string;
  readonly to: readonly (readonly [NodeId, string])[];
}

/** An output of a subgraph: from an output inside, straight from its input of that name, or from nothing. */
export interface PortOut {
  readonly name: string;
  readonly type: string;
  readonly label?: string;
  readonly from: readonly [NodeId, number] | string | null;
}

/** A definition, shared by all its instances (nodes of type `subgraph:<id>`). */
export interface Subgraph extends Graph {
  readonly title: string;
  readonly inputs: readonly PortIn[];
  readonly widgets: readonly PortIn[];
  readonly outputs: readonly PortOut[];
  /** All else, kept as it was; also where the boundary nodes lie: `input_pos`, `output_pos`. */
  readonly meta: Readonly<JsonObject>;
}

/** A widget that the form view shows. */
export interface FormItem {
  readonly node: NodeId;
  readonly input: string;
  readonly label?: string;
}

/** What one tab edits and one file holds. */
export interface Doc {
  readonly title: string;
  readonly root: Graph;
  readonly subgraphs: Readonly<Record<SubgraphId, Subgraph>>;
  readonly form: readonly FormItem[];
  /** All else of the file's `_workflow` entry, kept as it was. */
  readonly meta: Readonly<JsonObject>;
}

/** How to draw an input; `name` chooses the widget, the rest are its options. */
export interface WidgetHint {
  readonly name: string;
  readonly [option: string]: Json;
}

/** An input of a node type, as GET /api/v1/nodes tells it. */
export interface InputDef {
  readonly type: string;
  readonly required: boolean;
  readonly help: string;
  readonly default?: Json;
  /** As written in the answer: decimal strings beyond ±2^53. */
  readonly min?: number | string;
  readonly max?: number | string;
  readonly step?: number;
  readonly round?: number;
  readonly options?: readonly string[];
  /** A kind of file: `checkpoints`, `loras`, `input`, …; its names come from the server's lists. */
  readonly file?: string;
  readonly widget?: WidgetHint;
  readonly lazy?: boolean;
  readonly list?: boolean;
  readonly label?: string;
}

export interface OutputDef {
  readonly name: string;
  readonly type: string;
  readonly list: boolean;
  readonly help: string;
}

/** A node type. `inputs` are in the order of the definition. */
export interface NodeType {
  readonly name: string;
  readonly label: string;
  readonly category: string;
  readonly kind: "pure" | "sink" | "volatile";
  readonly help: string;
  readonly inputs: Readonly<Record<string, InputDef>>;
  readonly outputs: readonly OutputDef[];
  readonly module: string;
  /** True of a stand-in for a type that is not known here: made from what the file tells of its slots. */
  readonly unknown?: boolean;
}

export type Registry = Readonly<Record<string, NodeType>>;

/** A sentence by its key in the language files, with its arguments. */
export interface Told {
  readonly key: string;
  readonly args?: Readonly<Record<string, string | number>>;
}
