/** Languages. A file en/NAME.json or vi/NAME.json is the namespace NAME; a test holds both sides together. */

import i18next from "i18next";
import { initReactI18next } from "react-i18next";

export const LANGUAGES = ["en", "vi"] as const;
export type Language = (typeof LANGUAGES)[number];

const files = import.meta.glob<Record<string, unknown>>(["./en/*.json", "./vi/*.json"], {
  eager: true,
  import: "default",
});

const resources: Record<string, Record<string, Record<string, unknown>>> = {};
for (const [path, texts] of Object.entries(files)) {
  const [, language, name] = /^\.\/(\w+)\/(.+)\.json$/.exec(path) ?? [];
  if (language && name) (resources[language] ??= {})[name] = texts;
}

const chosen = typeof localStorage === "undefined" ? null : localStorage.getItem("language");
const told = typeof navigator === "undefined" ? "en" : navigator.language;

void i18next.use(initReactI18next).init({
  resources,
  lng: chosen ?? (told.startsWith("vi") ? "vi" : "en"),
  fallbackLng: "en",
  ns: Object.keys(resources["en"] ?? {}),
  defaultNS: "app",
  interpolation: { escapeValue: false },
  initAsync: false,
});

export default i18next;
