import { expect, test } from "vitest";
import { base64 } from "./base64";

test("bytes are kept whatever they are, and however many", async () => {
  expect(await base64(new Blob([new Uint8Array([0, 255, 128])]))).toBe("AP+A");
  const many = new Uint8Array(300_000).fill(7);
  expect(atob(await base64(new Blob([many])))).toHaveLength(many.length);
});
