/** Colours that people give to nodes, groups and notes: a pigment of the theme, or a hex colour from a file. */

export const PIGMENTS = ["indigo", "water", "moss", "ochre", "vermilion", "plum", "rose", "slate"] as const;
export type Pigment = (typeof PIGMENTS)[number];

const isPigment = (color: string): color is Pigment => (PIGMENTS as readonly string[]).includes(color);

/** A CSS colour for what a file says; null for what is none (files are not trusted). */
export function cssColor(color: string | undefined): string | null {
  if (color === undefined) return null;
  if (isPigment(color)) return `var(--pigment-${color})`;
  return /^#([0-9a-f]{3}|[0-9a-f]{4}|[0-9a-f]{6}|[0-9a-f]{8})$/i.test(color) ? color : null;
}
