/** Which upgrades go ahead by themselves, in words. One that asks for more than was approved always waits. */
import type { Upgrades } from "@patchbay/client";

export const UPGRADES: Record<Upgrades, { short: string; long: string }> = {
  manual: { short: "None", long: "Every new version waits for a person" },
  minor: { short: "Minor", long: "Within the same major version by themselves" },
  all: { short: "All", long: "All by themselves" },
};
