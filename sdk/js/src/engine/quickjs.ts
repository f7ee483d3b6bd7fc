/** QuickJS (componentize-qjs): the engine that is used when nothing is said. Its 64-bit numbers are numbers. */

import { imports } from "./imports.ts";
import type { Engine } from "./serve.ts";

const wide = (value: number): number => value;

export const engine: Engine = { host: imports(wide), wide };
