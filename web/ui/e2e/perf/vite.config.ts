/** The pages that are measured: the editor with its stores in reach, and the bare library with as many nodes. */

import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: at("."),
  plugins: [react()],
  resolve: { alias: { "~": at("../../src") } },
  build: {
    target: "es2023",
    chunkSizeWarningLimit: 2000,
    rolldownOptions: { input: { editor: at("index.html"), bare: at("bare.html") } },
  },
});
