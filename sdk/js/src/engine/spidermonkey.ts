/** SpiderMonkey (componentize-js): larger and faster, only when it is asked for. Its 64-bit numbers are `BigInt`. */

import { imports } from "./imports.ts";
import type { Engine } from "./serve.ts";

const wide = (value: number): bigint => BigInt(Math.round(value));

export const engine: Engine = { host: imports(wide), wide };
