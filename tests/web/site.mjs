// A site of somebody else on this machine: another port is another origin, and the same site as far as cookies go.

import { createServer } from "node:http";

/** Serves pages by path: a text (HTML) or a function of the request; `headers` of each. Ends with `close()`. */
export async function site(pages, headers = {}) {
  const asked = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://127.0.0.1");
    asked.push({ method: request.method, url });
    const page = pages[url.pathname];
    const body = typeof page === "function" ? await page(url, request) : page;
    const type = url.pathname.endsWith(".js") ? "text/javascript" : "text/html";
    response.writeHead(body === undefined ? 404 : 200, { "content-type": `${type}; charset=utf-8`, ...headers });
    response.end(body ?? "");
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    asked,
    close: () => new Promise((closed) => (server.closeAllConnections(), server.close(closed))),
  };
}
