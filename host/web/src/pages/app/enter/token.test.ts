import { expect, test } from "vitest";
import { tokenOf } from "./token";

test("only what looks like a one-time token is taken from an address", () => {
  const token = `pbe_${"a1".repeat(26)}`;
  expect(tokenOf(`#${token}`)).toBe(token);
  for (const other of ["", "#", "#pbe_", "#pbs_abcdefghijklmnopqrst", `#${token}?x`, `#${token} `, `#/${token}`, "#pbe_<script>alert(1)</script>"]) expect(tokenOf(other)).toBeUndefined();
});
