import { expect, test } from "vitest";
import { PIGMENTS, cssColor } from "./colors";

test("#14 a colour is a pigment of the theme or a hex colour, and nothing else of a file gets into a style", () => {
  for (const name of PIGMENTS) expect(cssColor(name)).toBe(`var(--pigment-${name})`);
  for (const good of ["#322", "#332222", "#332222ff"]) expect(cssColor(good)).toBe(good);
  for (const bad of ["red", "#12", "url(x)", "#333;x", "var(--a)", ""]) expect(cssColor(bad)).toBeNull();
  expect(cssColor(undefined)).toBeNull();
});
