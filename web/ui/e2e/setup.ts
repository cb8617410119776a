/** Once before all tests: a browser is looked for and the editor is built, unless EDITOR_DIST names a build. What is
 * measured (E2E_PERF) is a build of its own. */

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { findBrowser } from "./browser";
import { UI } from "./server";

const MEASURED = ["--config", "e2e/perf/vite.config.ts"];

export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  const browser = await findBrowser();
  if ("why" in browser) process.env["NO_BROWSER"] = browser.why;
  else process.env["BROWSER_PATH"] = browser.path;
  const measured = process.env["E2E_PERF"] !== undefined;
  if (process.env["EDITOR_DIST"] && !measured) return undefined;
  const folder = await mkdtemp(path.join(tmpdir(), "inkwater-dist-"));
  process.env["EDITOR_DIST"] = folder;
  const vite = path.join(UI, "node_modules/vite/bin/vite.js");
  const options = ["--outDir", folder, "--emptyOutDir", "--logLevel", "warn", ...(measured ? MEASURED : [])];
  await promisify(execFile)(process.execPath, [vite, "build", ...options], { cwd: UI });
  return () => rm(folder, { recursive: true, force: true });
}
