// The backend behind link.html: it keeps the key, says who its user is, and completes what they connected.
//
//   PATCHBAY_URL=https://hub.example.com PATCHBAY_KEY=pbt_… node node_modules/@patchbay/client/examples/serve.mjs
//
// A real application has its users sign in and takes `user` from their session. This one has one user.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { createClient, PatchbayError } from "@patchbay/client";

const { PATCHBAY_URL: host, PATCHBAY_KEY: key, PORT: port = "4173" } = process.env;
if (!host || !key) throw new Error("set PATCHBAY_URL and PATCHBAY_KEY");
const patchbay = createClient({ baseUrl: host, key });
const user = "user-1";

/** What the page's own client may ask for; everything else is refused here. */
const PASSED_ON = new Set(["GET /v1/connections", "POST /v1/connect-sessions"]);
/** What the page loads, by the names that its import map gives. */
const client = import.meta.resolve("@patchbay/client");
const MODULES = {
  "/modules/client/index.js": new URL(client),
  "/modules/client/events.js": new URL("events.js", client),
  "/modules/openapi-fetch.js": new URL(import.meta.resolve("openapi-fetch")),
};

const taken = ({ data, error }) => {
  if (error) throw new PatchbayError(error);
  return data;
};

const server = createServer((request, response) => {
  answer(request, new URL(request.url, origin())).then(
    ({ status = 200, type = "text/html; charset=utf-8", location, body = "" }) => {
      response.writeHead(status, { "Content-Type": type, ...(location ? { Location: location } : {}) }).end(body);
    },
    (why) => response.writeHead(502, { "Content-Type": "text/plain" }).end(`${why.code ?? ""} ${why.message}`),
  );
});
const origin = () => `http://127.0.0.1:${server.address().port}`;

async function answer(request, { pathname, searchParams }) {
  if (pathname === "/") return { body: await readFile(new URL("link.html", import.meta.url)) };
  if (MODULES[pathname]) return { type: "text/javascript", body: await readFile(MODULES[pathname]) };
  if (pathname === "/back") {
    // The browser of our user came back from Link: we say so, and only now the connection exists.
    const completed = { params: { path: { id: searchParams.get("session") } }, body: { code: searchParams.get("code"), end_user: user } };
    taken(await patchbay.POST("/v1/connect-sessions/{id}/complete", completed));
    return { body: "<!doctype html><title>Connected</title><p>Connected. You can close this window.</p>" };
  }
  // Only our own page asks for the rest: another site's form or script comes with another origin.
  if (request.headers["sec-fetch-site"] !== "same-origin") return { status: 403, type: "text/plain", body: "not from this page" };
  switch (PASSED_ON.has(`${request.method} ${pathname}`) && pathname) {
    case "/v1/connections":
      return json(await patchbay.GET("/v1/connections", { params: { query: { limit: 50 } } }));
    case "/v1/connect-sessions":
      // Who the user is and where they come back to is not the page's to say.
      return json(await patchbay.POST("/v1/connect-sessions", { body: { end_user: user, return_to: await returnAddress() } }));
    default:
      return { status: 404, type: "text/plain", body: "not here" };
  }
}

const json = ({ data, error, response }) => ({ status: response.status, type: "application/json", body: JSON.stringify(data ?? error) });

/** Our `/back`, registered once. */
async function returnAddress() {
  const address = `${origin()}/back`;
  const known = taken(await patchbay.GET("/v1/return-addresses")).items.find((one) => one.address === address);
  const { id } = known ?? taken(await patchbay.POST("/v1/return-addresses", { body: { name: "The example", address } }));
  return id;
}

server.listen(Number(port), "127.0.0.1", () => console.log(`open ${origin()}/`));
