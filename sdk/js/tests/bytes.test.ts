import assert from "node:assert/strict";
import { test } from "node:test";

import { binary, fromBinary, textOf, textOfAny, utf8 } from "../src/bytes.ts";

const TEXTS = ["", "plain", "é", "grüße, 你好, 🎉 done", "\u0000\u007f\u0080\u07ff\u0800\uffff", "a".repeat(10_000) + "€"];

test("text goes to bytes and back as Node's own encoder does it", () => {
  for (const text of TEXTS) {
    const bytes = new TextEncoder().encode(text);
    assert.deepEqual(utf8(text), bytes);
    assert.equal(textOf(bytes), text);
    assert.equal(textOfAny(bytes), text);
    assert.deepEqual(fromBinary(binary(bytes)), bytes);
  }
});

test("half a surrogate pair becomes a replacement and not an error", () => {
  assert.deepEqual(utf8("a\ud800b"), new TextEncoder().encode("a\ufffdb"));
  assert.deepEqual(utf8("\udc00"), new TextEncoder().encode("\ufffd"));
});

test("bytes that are no UTF-8 are refused by one and replaced by the other", () => {
  for (const bytes of [[0xff], [0xc3], [0xe2, 0x82], [0x61, 0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xc0, 0x80]]) {
    assert.throws(() => textOf(Uint8Array.from(bytes)), URIError, String(bytes));
    assert.match(textOfAny(Uint8Array.from([...bytes, 0xc3, 0xa9])), /\ufffd+é$/, String(bytes));
  }
});
