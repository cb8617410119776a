import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** The server that `npm run dev` passes requests on to. */
const server = process.env["INKWATER"] ?? "http://127.0.0.1:8188";
const served = ["/api", "/view", "/upload", "/userdata", "/settings", "/extensions"];

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "~": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: { target: "es2023", sourcemap: false, chunkSizeWarningLimit: 1500 },
  server: { proxy: Object.fromEntries(served.map((path) => [path, { target: server, ws: true }])) },
});
