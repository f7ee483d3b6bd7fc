// What the published client promises, over what was built (`dist`) and a real server.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { PatchbayError, callerHeaders, createClient, events } from "../dist/index.js";

let server, baseUrl, asked;
let answer = (response) => response.end();

before(async () => {
  server = createServer((request, response) => {
    asked.push({ method: request.method, url: request.url, headers: request.headers });
    answer(response, request);
  });
  asked = [];
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  baseUrl = `http://127.0.0.1:${server.address().port}`;
});
after(() => server.close());

const json = (status, body) => (response) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
const last = () => asked.at(-1);

test("a call says who calls, and an answer is data", async () => {
  answer = json(200, { items: [{ id: "con_1" }], next: null });
  const patchbay = createClient({ baseUrl, key: "pbo_x", tenant: "ten_y" });
  const { data, error } = await patchbay.GET("/v1/connections", { params: { query: { limit: 5, q: "a b&c" } } });
  assert.equal(error, undefined);
  assert.equal(data.items[0].id, "con_1");
  assert.equal(last().url, "/v1/connections?limit=5&q=a%20b%26c");
  assert.equal(last().headers.authorization, "Bearer pbo_x");
  assert.equal(last().headers["patchbay-tenant"], "ten_y");
  assert.equal(last().headers["patchbay-session"], undefined);
});

test("an id is put into a path so that it stays one part of it", async () => {
  answer = json(200, {});
  await createClient({ baseUrl, key: "k" }).GET("/v1/connections/{id}", { params: { path: { id: "../tenants?x" } } });
  assert.equal(last().url, "/v1/connections/..%2Ftenants%3Fx");
});

test("a refusal is an error with its code, and is thrown only by who wants to", async () => {
  answer = json(404, { code: "PB5005", title: "Not found", detail: "There is no such connection." });
  const { data, error } = await createClient({ baseUrl, key: "k" }).GET("/v1/connections/{id}", { params: { path: { id: "con_2" } } });
  assert.equal(data, undefined);
  const thrown = new PatchbayError(error);
  assert.equal(thrown.code, "PB5005");
  assert.equal(thrown.message, "There is no such connection.");
});

test("a session is named by a header, beside which no key is sent", () => {
  assert.deepEqual(callerHeaders({ session: "portal" }), { "Patchbay-Session": "portal" });
  assert.deepEqual(callerHeaders({}), {});
});

async function all(stream) {
  const seen = [];
  for await (const event of stream) seen.push(event);
  return seen;
}

test("events are read whole, however the bytes come", async () => {
  const text = ': here\n\nid: 7\nevent: run\ndata: {"name":"café"}\n\ndata: one\ndata: two\n\nretry: 5\n\nid: 8\r\nevent:ended\r\ndata:\r\n\r\n';
  const bytes = Buffer.from(text);
  for (const size of [1, 3, 7, 1000]) {
    answer = async (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (let at = 0; at < bytes.length; at += size) {
        response.write(bytes.subarray(at, at + size));
        await new Promise(setImmediate);
      }
      response.end();
    };
    const seen = await all(events({ url: `${baseUrl}/v1/progress`, headers: callerHeaders({ key: "k" }), after: "6" }));
    assert.deepEqual(seen, [
      { id: "7", event: "run", data: '{"name":"café"}' },
      { id: null, event: "message", data: "one\ntwo" },
      { id: "8", event: "ended", data: "" },
    ]);
    assert.equal(last().headers["last-event-id"], "6");
    assert.equal(last().headers.authorization, "Bearer k");
  }
});

test("a stream that is refused, or never ends an event, is an error", async () => {
  answer = json(401, {});
  await assert.rejects(all(events({ url: baseUrl, headers: {} })), /401/);
  answer = (response) => response.writeHead(200, { "content-type": "text/event-stream" }).end(`data: ${"x".repeat(1_100_000)}`);
  await assert.rejects(all(events({ url: baseUrl, headers: {} })), /longer than any/);
});
