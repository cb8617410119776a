/** Files as the editor writes them after reading, held for the server's tests: tests/workflows/test_editor_files.py
 * reads both and finds the same graph. UPDATE=1 writes them anew. */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isOurs, toDoc, toFile } from "./file";
import { readJson, writeJson } from "./json";

const root = join(import.meta.dirname, "../../../..");
const SOURCES = ["tests/golden/ui", "tests/golden/editor"];
const WRITTEN = join(root, "tests/golden/editor/written");

const within = (folder: string) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".json"))
    .map((name): [string, string] => [name, join(root, folder, name)]);

/** The text of a file after the editor has read and written it. */
function again(text: string): string {
  const value = readJson(text);
  if (!isOurs(value)) throw new Error("no file of ours");
  return `${writeJson(toFile(toDoc(value).doc), 2)}\n`;
}

describe("#31 every file is written as it is held", () => {
  test.each(SOURCES.flatMap(within))("%s", (name, file) => {
    const written = again(readFileSync(file, "utf-8"));
    if (process.env["UPDATE"]) {
      mkdirSync(WRITTEN, { recursive: true });
      writeFileSync(join(WRITTEN, name), written);
    }
    expect(written).toBe(readFileSync(join(WRITTEN, name), "utf-8"));
    expect(again(written)).toBe(written);
  });
});

describe("#30 every template is written as it is", () => {
  test.each(within("workflows"))("%s", (_, file) => {
    const text = readFileSync(file, "utf-8");
    expect(JSON.parse(again(text))).toEqual(JSON.parse(text));
  });
});
