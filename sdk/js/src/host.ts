/**
 * The way to the host: in the sandbox the contract's imports, in a test the test host.
 *
 * There is none while the connector's modules are first loaded, because that happens once, when the component is built; what
 * asks for it then is told so.
 */

import type { Host } from "./wire.ts";

let current: Host | undefined;

/** Puts a host in place; gives back the one that was there. */
export function install(host: Host | undefined): Host | undefined {
  const before = current;
  current = host;
  return before;
}

/** The host, where there is one. */
export function present(): Host | undefined {
  return current;
}

/** The host. */
export function host(): Host {
  if (current === undefined) {
    throw new Error(
      "there is no host here: this runs while the connector is loaded, not in a call of it (in a test: make a TestHost first)",
    );
  }
  return current;
}
