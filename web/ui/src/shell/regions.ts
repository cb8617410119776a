/** Going round the parts of the frame by keyboard: bar, panels, canvas. */

const REGIONS = "header[aria-label], nav, section[aria-labelledby], main, footer[aria-label]";
const STOPS = "button:not(:disabled), [href], input, select, textarea, [tabindex='0']";

/** Give the focus to the next part of the frame, or to the one before. */
export function nextRegion(by: 1 | -1): void {
  const regions = [...document.querySelectorAll<HTMLElement>(REGIONS)].filter((r) => !r.closest("dialog"));
  const at = regions.findLastIndex((region) => region.contains(document.activeElement));
  for (let step = 1; step <= regions.length; step++) {
    const region = regions.at((Math.max(at, by < 0 ? 0 : -1) + by * step + regions.length) % regions.length);
    const stop = region?.tagName === "MAIN" ? region : region?.querySelector<HTMLElement>(STOPS);
    if (!stop) continue;
    stop.focus();
    return;
  }
}
