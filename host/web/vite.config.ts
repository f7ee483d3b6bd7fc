import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// For work on the pages: `PATCHBAY_HOST=http://127.0.0.1:7878 PATCHBAY_KEY=pbo_… PATCHBAY_TENANT=ten_… npm run dev` lets
// the development server call a running host with a key, so that no sign-in is needed. Nothing of it is in a build.
const { PATCHBAY_HOST: host = "http://127.0.0.1:7878", PATCHBAY_KEY: key, PATCHBAY_TENANT: tenant } = process.env;
const proxied = {
  target: host,
  changeOrigin: true,
  headers: key ? { Authorization: `Bearer ${key}`, ...(tenant ? { "Patchbay-Tenant": tenant } : {}) } : {},
  configure: (proxy: { on: (event: "proxyReq", then: (request: { removeHeader: (name: string) => void }) => void) => void }) =>
    // A call has a key or a session, never both.
    proxy.on("proxyReq", (request) => key && request.removeHeader("patchbay-session")),
};

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@patchbay/client": here("../../sdk/client/src/index.ts"), "openapi-fetch": here("node_modules/openapi-fetch"), "~": here("src") } },
  build: {
    outDir: here("../../target/web"),
    emptyOutDir: true,
    // The content security policy knows no `data:` scripts or styles, and every browser that is supported preloads.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    manifest: true,
  },
  server: { port: 5173, proxy: { "/v1": proxied, "/brand": proxied, "/errors": proxied, "/link": proxied } },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
