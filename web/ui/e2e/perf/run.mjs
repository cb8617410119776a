/** Builds the pages that are measured and measures them: `npm run perf`. */

import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ui = fileURLToPath(new URL("../..", import.meta.url));
const dist = path.join(ui, "e2e/results/perf-dist");
const bin = (name) => path.join(ui, "node_modules", name);

function run(script, args) {
  const env = { ...process.env, E2E_PERF: "1", PERF_DIST: dist, EDITOR_DIST: dist, RESULTS: "perf" };
  const { status } = spawnSync(process.execPath, [bin(script), ...args], { cwd: ui, env, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

run("vite/bin/vite.js", ["build", "--config", "e2e/perf/vite.config.ts", "--logLevel", "warn"]);
run("@playwright/test/cli.js", [
  "test",
  "--config",
  "e2e/playwright.config.ts",
  "--workers",
  "1",
  "e2e/perf",
  ...process.argv.slice(2),
]);
