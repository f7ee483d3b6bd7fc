import { expect, test } from "vitest";
import { asksOf } from "./sentences";

test("the host's sentences stand under what they are about, and none is lost", () => {
  expect(asksOf([
    "Reads Repositories: names and settings. Not their code: never.",
    "Writes Create an issue: creates one.",
    "Reaches https://api.acme.example (GET under /v1/), with the credential: its interface.",
    "Uses up to 64 MiB of memory and 10 minutes for a run",
    "Reads without a colon",
  ])).toEqual({
    reads: [{ title: "Repositories", about: "Names and settings. Not their code: never." }],
    writes: [{ title: "Create an issue", about: "Creates one." }],
    reaches: [{ title: "https://api.acme.example (GET under /v1/), with the credential", about: "Its interface." }],
    further: ["Uses up to 64 MiB of memory and 10 minutes for a run", "Reads without a colon"],
  });
});
