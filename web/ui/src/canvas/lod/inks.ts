/** Colours of the theme for drawing: CSS colours as the browser computes them now. */

let theme: string | undefined;
let known = new Map<string, string>();
let probe: HTMLElement | null = null;

/** What a CSS colour (also `var(--accent)` or `color-mix(…)`) is in the theme that is shown. */
export function ink(color: string): string {
  const now = document.documentElement.dataset["theme"];
  if (now !== theme) {
    theme = now;
    known = new Map();
  }
  const found = known.get(color);
  if (found !== undefined) return found;
  const computed = compute(color);
  known.set(color, computed);
  return computed;
}

function compute(color: string): string {
  if (!probe?.isConnected) {
    probe = document.createElement("span");
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = "";
  probe.style.color = color;
  return getComputedStyle(probe).color;
}
