/** Languages. A file en/NAME.json or vi/NAME.json is the namespace NAME; a test holds both sides together.
 * vi/told-*.json are sentences of the server (sentences.ts). */

import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { type Settings, useSettings } from "~/stores/settings";

export const LANGUAGES = ["en", "vi"] as const;
export type Language = (typeof LANGUAGES)[number];

const files = import.meta.glob<Record<string, unknown>>(["./en/*.json", "./vi/*.json", "!./vi/told-*.json"], {
  eager: true,
  import: "default",
});

/** The texts by language and namespace. */
export const resources: Record<string, Record<string, Record<string, unknown>>> = {};
for (const [path, texts] of Object.entries(files)) {
  const [, language, name] = /^\.\/(\w+)\/(.+)\.json$/.exec(path) ?? [];
  if (language && name) (resources[language] ??= {})[name] = texts;
}

/** The language for a setting: "system" is the first of the browser's that we have. */
export function languageOf(chosen: Settings["language"], told: readonly string[]): Language {
  if (chosen !== "system") return chosen;
  const known = told.map((tag) => LANGUAGES.find((language) => tag.toLowerCase().split("-")[0] === language));
  return known.find((language) => language !== undefined) ?? "en";
}

const wanted = (): Language => languageOf(useSettings.getState().language, globalThis.navigator?.languages ?? []);

void i18next.use(initReactI18next).init({
  resources,
  lng: wanted(),
  fallbackLng: "en",
  ns: Object.keys(resources["en"] ?? {}),
  defaultNS: "app",
  interpolation: { escapeValue: false },
  initAsync: false,
});

const mark = (language: string) => {
  if (typeof document !== "undefined") document.documentElement.lang = language;
};
mark(i18next.language);
i18next.on("languageChanged", mark);

/** Turn to the language that the settings and the browser say. */
const follow = () => {
  const language = wanted();
  if (language !== i18next.language) void i18next.changeLanguage(language);
};
useSettings.subscribe(follow);
globalThis.addEventListener?.("languagechange", follow);

export default i18next;
