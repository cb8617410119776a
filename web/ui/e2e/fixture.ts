/** What every browser test starts from: the real server, a browser that reaches nothing else, and the page object.
 *
 *     import { expect, test } from "./fixture";
 *     test.use({ variant: "real" });   // with the mini model; without it there is no device
 *     test("#21 …", async ({ editor }) => { await editor.open(); … });
 *
 * A spec file has one server, shared by its tests in order; `editor.server.kill()` and `.restart()` are free to use.
 * A test fails when the page throws, writes an error to the console or asks another host. */

import { test as base, type BrowserContext } from "@playwright/test";
import { Editor } from "./editor";
import { Server, type Variant } from "./server";

export { expect } from "@playwright/test";
export { Editor, middle, type At, type SocketName } from "./editor";
export { ROOT, UI, type Server, type Variant } from "./server";

interface WorkerOptions {
  variant: Variant;
  /** Further options of `main.py serve`. */
  serverArgs: readonly string[];
  /** Which of the packs in tests/web/pack are installed. */
  packs: readonly string[];
}

interface WorkerFixtures extends WorkerOptions {
  server: Server;
}

interface Fixtures {
  /** Skips the test, visibly, where no browser starts. */
  needsBrowser: undefined;
  editor: Editor;
}

/** What a server that is away brings about in the console. */
const AWAY = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|WebSocket connection to|ERR_SOCKET/;

export const test = base.extend<Fixtures, WorkerFixtures>({
  variant: ["light", { option: true, scope: "worker" }],
  serverArgs: [[], { option: true, scope: "worker" }],
  packs: [["kit"], { option: true, scope: "worker" }],

  server: [
    async ({ variant, serverArgs, packs }, use) => {
      const editor = process.env["EDITOR_DIST"] ?? "";
      const server = await Server.start({ variant, editor, args: serverArgs, packs });
      await use(server);
      await server.dispose();
    },
    { scope: "worker", timeout: 240_000 },
  ],

  needsBrowser: [
    async ({}, use, info) => {
      const why = process.env["NO_BROWSER"];
      info.skip(why !== undefined, why);
      await use(undefined);
    },
    { auto: true },
  ],

  launchOptions: [
    async ({ launchOptions }, use) => {
      const path = process.env["BROWSER_PATH"];
      await use(path === undefined ? launchOptions : { ...launchOptions, executablePath: path });
    },
    { scope: "worker" },
  ],

  editor: async ({ page, context, server }, use) => {
    const allowed: RegExp[] = [];
    const seen = watch(context, new URL(server.url).host);
    if (!server.runs) await server.restart();
    await use(new Editor(page, server, allowed));
    const told = server.interrupted ? [...allowed, AWAY] : allowed;
    const wrong = seen.filter((line) => !told.some((pattern) => pattern.test(line)));
    await clear(server);
    base.expect(wrong, "errors of the page, and requests to other hosts").toEqual([]);
  },
});

/** Everything that should not happen on any page of a context. */
function watch(context: BrowserContext, host: string): string[] {
  const seen: string[] = [];
  context.on("weberror", (error) => seen.push(`thrown: ${error.error().stack ?? error.error().message}`));
  context.on("console", (message) => {
    if (message.type() === "error") seen.push(`console: ${message.text()} (${message.location().url})`);
  });
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http") && url.host !== host) seen.push(`asked ${request.url()}`);
  });
  return seen;
}

/** The next test finds an empty queue and no settings. */
async function clear(server: Server): Promise<void> {
  server.interrupted = false;
  if (!server.runs) await server.restart();
  await server.ask("POST", "/queue", { clear: true });
  await server.ask("POST", "/interrupt", {});
}
