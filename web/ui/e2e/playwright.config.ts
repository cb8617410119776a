import { defineConfig } from "@playwright/test";
import { FLAGS } from "./browser";

/** RESULTS names a folder of one's own where several people test one checkout. */
const run = process.env["RESULTS"] ?? "run";

export default defineConfig({
  testDir: ".",
  outputDir: `results/${run}`,
  globalSetup: "./setup.ts",
  workers: Number(process.env["E2E_WORKERS"] ?? 2),
  forbidOnly: true,
  // Long, so that on a busy machine a test is late and nothing else.
  timeout: 300_000,
  expect: { timeout: 60_000 },
  reporter: [["list"], ["json", { outputFile: `results/${run}.json` }]],
  // Measurements are made alone: E2E_PERF=1.
  testIgnore: process.env["E2E_PERF"] ? [] : ["perf/**"],
  use: {
    browserName: "chromium",
    launchOptions: { args: FLAGS },
    viewport: { width: 1440, height: 900 },
    // A context for many tests, emptied between them: the editor's script need not be read and compiled for each.
    reuseContext: true,
    locale: "en-GB",
    colorScheme: "dark",
    // Recording costs as much again as a test itself.
    trace: process.env["E2E_TRACE"] ? "retain-on-failure" : "off",
    screenshot: "only-on-failure",
    actionTimeout: 60_000,
    navigationTimeout: 120_000,
  },
});
