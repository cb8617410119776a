import { expect, test } from "vitest";
import i18next from "~/i18n";

const told = (lng: string, n: number) => i18next.t("graph:edit.move", { n, lng });

test("edits count their nodes in both languages", () => {
  expect([told("en", 1), told("en", 3), told("vi", 1), told("vi", 3)]).toEqual([
    "Move 1 node",
    "Move 3 nodes",
    "Di chuyển 1 nút",
    "Di chuyển 3 nút",
  ]);
});
