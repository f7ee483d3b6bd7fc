import { expect, test } from "vitest";
import { choose } from "./files";

const component = new File(["\0asm"], "books.wasm");
const signature = new File(["{}"], "books.wasm.sig");

test("connector and signature are told apart in any order, at once or one by one", () => {
  expect(choose({}, [signature, component]).chosen).toEqual({ component, signature });
  expect(choose({ component }, [signature]).chosen).toEqual({ component, signature });
});

test("another file is said to be wrong and takes nothing away", () => {
  const { chosen, wrong } = choose({ component }, [new File(["x"], "notes.txt")]);
  expect(chosen.component).toBe(component);
  expect(wrong).toContain("notes.txt");
});
