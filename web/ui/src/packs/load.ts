/** Loading what packs add to the editor, before it is drawn for the first time. */

import { z } from "zod";
import { ApiError, getJson } from "~/api/http";
import { type Gathering, gather } from "./editor";
import { setPack, switchOff } from "./state";

/** Milliseconds that all packs together may take; who takes longer is switched off. */
export const LONGEST = 3000;

const answer = z.object({
  packs: z.array(
    z.object({ name: z.string(), address: z.string(), nodes: z.array(z.string()), editor: z.string().nullable() }),
  ),
  failures: z.array(z.object({ name: z.string(), reason: z.string() })),
});

type Listed = z.infer<typeof answer>["packs"][number];

/** Ask for the packs and run their modules side by side. It always ends well: what fails is named and switched off, and
 * without a server there are none (the frame says that it is away). */
export async function loadPacks(load: (url: string) => Promise<unknown> = imported): Promise<void> {
  try {
    const { packs, failures } = await getJson("/packs", answer);
    for (const { name, reason } of failures)
      setPack(`${name}!`, { name, nodes: 0, state: "server", why: reason, editor: false });
    await Promise.all(packs.map((pack) => start(pack, load)));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

async function start({ name, address, nodes, editor }: Listed, load: (url: string) => Promise<unknown>): Promise<void> {
  setPack(address, { name, nodes: nodes.length, state: "on", editor: editor !== null });
  if (editor === null) return;
  const gathering = gather(address);
  try {
    await inTime(run(editor, gathering, load));
    gathering.commit();
  } catch (error) {
    gathering.close();
    switchOff(address, error);
  }
}

async function run(url: string, { editor }: Gathering, load: (url: string) => Promise<unknown>): Promise<void> {
  const module = await load(url);
  const begin = module !== null && typeof module === "object" && "default" in module ? module.default : undefined;
  if (typeof begin !== "function") throw new Error(`${url} exports no function: export default (editor) => { … }`);
  await begin(editor);
}

async function inTime(work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new Error(`It did not start within ${LONGEST / 1000} seconds.`)), LONGEST);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Modules of packs come from this server; nothing else can be loaded (front.py's policy). */
const imported = (url: string): Promise<unknown> => import(/* @vite-ignore */ url);
