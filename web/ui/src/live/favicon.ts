/** The page's icon: a drop of ink, around it a ring for the progress, red when a run failed. */

const SIDE = 64;
let drawn = "";

/** Draw it, if it is another one than before.
 *
 * Args: progress: from 0 to 1; null: nothing runs.
 */
export function badge(progress: number | null, failed: boolean): void {
  const mark = `${progress === null ? "" : Math.round(progress * 40)} ${failed}`;
  if (mark === drawn) return;
  drawn = mark;
  const link = linkIcon();
  link.href = `data:image/svg+xml,${encodeURIComponent(iconOf(progress, failed))}`;
}

function linkIcon(): HTMLLinkElement {
  const known = document.querySelector<HTMLLinkElement>("link[rel~=icon]");
  if (known) return known;
  const link = document.createElement("link");
  link.rel = "icon";
  document.head.append(link);
  return link;
}

/** The icon as SVG. */
export function iconOf(progress: number | null, failed: boolean): string {
  const middle = SIDE / 2;
  const round = 2 * Math.PI * 28;
  const color = failed ? "#f2705f" : "#58c3de";
  const ring =
    progress === null
      ? ""
      : `<circle cx="${middle}" cy="${middle}" r="28" fill="none" stroke="#28374399" stroke-width="8"/>` +
        `<circle cx="${middle}" cy="${middle}" r="28" fill="none" stroke="${color}" stroke-width="8" ` +
        `stroke-dasharray="${(round * progress).toFixed(1)} ${round.toFixed(1)}" transform="rotate(-90 ${middle} ${middle})"/>`;
  const drop = `<path d="M32 8c9 12 16 20 16 29a16 16 0 0 1-32 0c0-9 7-17 16-29z" fill="${color}"/>`;
  const small =
    progress === null
      ? drop
      : `<g transform="translate(${middle} ${middle + 2}) scale(.55) translate(-32 -32)">${drop}</g>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIDE} ${SIDE}">${ring}${small}</svg>`;
}
