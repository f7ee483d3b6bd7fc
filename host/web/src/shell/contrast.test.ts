import { expect, test } from "vitest";
import { luminance, readableOn } from "./contrast";

test("text on a brand's colour can be read", () => {
  expect(readableOn("#000000")).toBe("#ffffff");
  expect(readableOn("#ffff00")).toBe("#000000");
  expect(readableOn("#4b46d8")).toBe("#ffffff");
  for (let colour = 0; colour <= 0xffffff; colour += 4_099) {
    const ground = luminance(`#${colour.toString(16).padStart(6, "0")}`);
    const text = luminance(readableOn(`#${colour.toString(16).padStart(6, "0")}`));
    const [dark, light] = ground < text ? [ground, text] : [text, ground];
    expect((light + 0.05) / (dark + 0.05)).toBeGreaterThanOrEqual(4.5);
  }
});
