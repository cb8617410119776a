/** Measures the editor: `npm run perf`; `main.py bench --editor` gives the same table. */

import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ui = fileURLToPath(new URL("../..", import.meta.url));
const tests = path.join(ui, "node_modules/@playwright/test/cli.js");
const env = { ...process.env, E2E_PERF: "1", E2E_WORKERS: "1", RESULTS: "perf" };
const args = ["test", "--config", "e2e/playwright.config.ts", "perf", ...process.argv.slice(2)];
process.exit(spawnSync(process.execPath, [tests, ...args], { cwd: ui, env, stdio: "inherit" }).status ?? 1);
