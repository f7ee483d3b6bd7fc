// Compresses what was built, once, so that the host serves it as it is: beside each text file of `assets` one for brotli and
// one for gzip. `node compress.mjs FOLDER`.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const TEXT = /\.(js|css|svg)$/;
/** Below this, a compressed file saves nothing that anybody feels. */
const LEAST = 512;

const assets = join(process.argv[2], "assets");
for (const name of readdirSync(assets).filter((name) => TEXT.test(name))) {
  const path = join(assets, name);
  const plain = readFileSync(path);
  if (plain.length < LEAST) continue;
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length };
  writeFileSync(`${path}.br`, brotliCompressSync(plain, { params }));
  writeFileSync(`${path}.gz`, gzipSync(plain, { level: 9 }));
}
