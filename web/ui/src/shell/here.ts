import type { From } from "~/core/validate";
import type { Doc, Registry, Scope } from "~/core/types";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { scopeOf, useUi } from "~/stores/ui";

/** The graph that is shown, and what it is judged by. */
export interface Here {
  readonly doc: Doc;
  readonly scope: Scope;
  readonly registry: Registry;
}

export const here = (): Here => ({
  doc: useDoc.getState().doc,
  scope: scopeOf(useUi.getState().path),
  registry: useServer.getState().registry,
});

export type { From };
