/** What a list says of a connector in a word: derived from its releases, nowhere stored. */
import type { Connector, Publisher, Release, ReleaseStanding } from "@patchbay/client";

/** The release that waits for a person, or was refused, behind the one that is used; none where the latest is in use. */
export function behind(connector: Connector): Release | undefined {
  const { active, latest } = connector;
  return latest.id !== active?.id && ["ready", "refused", "quarantined"].includes(latest.state) ? latest : undefined;
}

/** Who vouches for a release: the word, and whether it is all right. */
export type Vouched = { word: "Signed" | "Unsigned" | "Key revoked" | "Key not trusted"; tone: "good" | "warn" | "bad" };

/** `known` are the publishers and their keys. */
export function vouched(release: Release, known: Publisher[] | undefined): Vouched {
  if (release.signed_by === null) return { word: "Unsigned", tone: "warn" };
  const key = known?.flatMap((publisher) => publisher.keys).find((key) => key.fingerprint === release.signed_by);
  if (key?.state === "revoked") return { word: "Key revoked", tone: "bad" };
  if (key?.state === "seen") return { word: "Key not trusted", tone: "warn" };
  return { word: "Signed", tone: "good" };
}

/** How the connections of a connector are spread over its releases; those that nobody uses are left out. */
export function shares(releases: ReleaseStanding[]): { version: string; state: string; connections: number; share: number }[] {
  const all = releases.reduce((sum, release) => sum + release.connections, 0);
  return releases
    .filter((release) => release.connections > 0)
    .map(({ version, state, connections }) => ({ version, state, connections, share: connections / all }));
}

/** A reason of the host as a sentence: they begin small, as "asks for more than was approved". */
export function sentence(reason: string): string {
  return `${reason.charAt(0).toUpperCase()}${reason.slice(1)}${/[.!?]$/.test(reason) ? "" : "."}`;
}

/** The publisher: what stands before the dot of a connector's id. */
export function publisherOf(connector: string): string {
  return connector.split(".")[0] ?? connector;
}
