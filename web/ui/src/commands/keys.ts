/** Keys as text: "Mod+Shift+E", "Delete", "?". Mod is Ctrl, on a Mac Command. Shift is named with letters and with
 * named keys only: what else needs Shift differs between keyboards, and the character says it all. */

export const isMac = (): boolean => /mac|iphone|ipad/i.test(globalThis.navigator?.platform ?? "");

/** What of a keyboard event decides. */
export type Pressed = Pick<
  KeyboardEvent,
  "key" | "code" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey" | "getModifierState"
>;

const MODIFIERS = new Set(["Control", "Shift", "Alt", "Meta", "AltGraph", "CapsLock", "Fn", "Hyper", "Super", "OS"]);

/** Characters of the US keyboard by code, for keyboards that write others and for Alt on a Mac. */
const CODES: Readonly<Record<string, string>> = {
  Equal: "=",
  Minus: "-",
  Period: ".",
  Comma: ",",
  Slash: "/",
  Semicolon: ";",
  Quote: "'",
  BracketLeft: "[",
  BracketRight: "]",
  Backslash: "\\",
  Backquote: "`",
};

const byCode = (code: string): string | undefined => CODES[code] ?? /^(?:Key|Digit)(.)$/.exec(code)?.[1];

const spelled = (key: string): string => (key === " " ? "Space" : key.length === 1 ? key.toUpperCase() : key);

/** Ctrl and Alt that only serve to write a character (AltGr). */
const writes = (event: Pressed) => event.key.length === 1 && event.getModifierState("AltGraph");

function joined(event: Pressed, key: string, mac: boolean): string {
  const shifts = event.shiftKey && (key.length > 1 || /^[A-Z]$/.test(key));
  const held = writes(event)
    ? []
    : [
        (mac ? event.metaKey : event.ctrlKey) && "Mod",
        mac && event.ctrlKey && "Ctrl",
        !mac && event.metaKey && "Meta",
        event.altKey && "Alt",
      ];
  return [...held, shifts && "Shift", key].filter(Boolean).join("+");
}

/** The names of what was pressed, likeliest first: by the character; by the place of the key where the character is not
 * of the Latin alphabet, or was changed by Alt or Ctrl. None for a modifier alone. */
export function keysOf(event: Pressed, mac = isMac()): readonly string[] {
  if (MODIFIERS.has(event.key) || event.key === "Process") return [];
  const key = spelled(event.key);
  const first = joined(event, key, mac);
  const place = byCode(event.code);
  const foreign = event.key === "Dead" || (event.key.length === 1 && !/^[\x20-\x7e]$/.test(event.key));
  const changed = event.key.length === 1 && (event.altKey || event.ctrlKey) && !/^[a-z]$/i.test(event.key);
  if (!place || !(foreign || changed) || writes(event)) return [first];
  return [...new Set([first, joined(event, place, mac)])];
}

const NAMES: Readonly<Record<string, string>> = {
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  Escape: "Esc",
  Delete: "Del",
  Backspace: "⌫",
  Enter: "↵",
};

const MAC: Readonly<Record<string, string>> = { Mod: "⌘", Alt: "⌥", Shift: "⇧", Ctrl: "⌃" };

/** The keys of a combination, each as this machine's keyboard names it. "+" may itself be the key. */
export function keyParts(keys: string, mac = isMac()): readonly string[] {
  const parts = keys.endsWith("+") ? [...keys.slice(0, -1).split("+").filter(Boolean), "+"] : keys.split("+");
  return parts.map((part) => (mac ? MAC[part] : part === "Mod" ? "Ctrl" : undefined) ?? NAMES[part] ?? part);
}

/** In one line: "Ctrl+Shift+E", on a Mac "⌘⇧E". */
export const keyText = (keys: string, mac = isMac()): string => keyParts(keys, mac).join(mac ? "" : "+");

/** As aria-keyshortcuts wants it. */
export const ariaKeys = (keys: string, mac = isMac()): string =>
  keys.replace(/^Mod\+/, mac ? "Meta+" : "Control+").replace("+Mod+", mac ? "+Meta+" : "+Control+");
