import type { Connection } from "@patchbay/client";
import { expect, test } from "vitest";
import { accountsWord, standing, warningWords } from "./remedy";

const works: Connection = {
  id: "con_1", connector: "acme.books", name: "Books", status: "active", warnings: [], warning_count: 0, state: "active", reason: null, account_status: "accounts",
  account_count: 1, enabled: true, auth: "token", business_id: "7", business_name: "Acme", login: null, verified: true, release: null,
  created_at: "2026-01-01T00:00:00Z", authorized_at: "2026-01-01T00:00:00Z", identified_at: "2026-01-01T00:00:00Z", updated_at: "2026-01-01T00:00:00Z",
};
const failing = { code: "PB3001", text: "The provider is down.", stream: "invoices", account: null, pushes: null };
const unknown = { code: "PB5006", text: "It is not known whether 1 item was written.", stream: null, account: null, pushes: 1 };

test("a connection that works says nothing", () => {
  expect(standing(works)).toEqual({ state: "active" });
});

test("a lost login comes before everything else, and is mended by logging in again", () => {
  const lost = standing({ ...works, state: "broken", enabled: false, warnings: [failing], reason: { code: "PB2002", detail: "It was withdrawn." } });
  expect(lost).toMatchObject({ state: "action_required", why: "It was withdrawn.", code: "PB2002", remedy: { do: "reconnect" } });
});

test("what somebody switched off is no warning", () => {
  expect(standing({ ...works, enabled: false, warnings: [failing] })).toMatchObject({ state: "off", remedy: { do: "switch_on" } });
});

test("a warning leads to where it is mended", () => {
  expect(standing({ ...works, warnings: [failing] }).remedy).toMatchObject({ tab: "data" });
  expect(standing({ ...works, warnings: [unknown] }).remedy).toMatchObject({ tab: "sent" });
  expect(warningWords(failing)).toBe("invoices: The provider is down.");
  expect(warningWords(failing, "Invoices")).toBe("Invoices: The provider is down.");
  expect(warningWords(unknown)).toBe("It is not known whether 1 item was written.");
});

test("accounts are counted as people say it", () => {
  const said = (account_status: Connection["account_status"], account_count: number) => accountsWord({ account_status, account_count });
  expect([said("loading_accounts", 0), said("no_accounts", 0), said("accounts", 1), said("accounts", 1200), said("error", 3)])
    .toEqual(["Loading accounts", "No accounts", "1 account", "1,200 accounts", "Error"]);
});
