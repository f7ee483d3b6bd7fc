/**
 * Between text and bytes, as fast as a small engine can.
 *
 * QuickJS has no `TextDecoder`, and a loop over 8 MiB of it takes a second. What it has natively is base64 and percent
 * encoding, so the way leads through them: bytes → base64 → a text with one letter a byte, which is the text itself as long
 * as all of it is ASCII. That text (`binary`) is also what records are cut out of, since its indices are those of the bytes.
 */

interface Base64Bytes {
  toBase64(): string;
}

interface Base64Source {
  fromBase64(text: string): Uint8Array;
}

const native =
  typeof (Uint8Array.prototype as unknown as Partial<Base64Bytes>).toBase64 === "function" &&
  typeof (Uint8Array as unknown as Partial<Base64Source>).fromBase64 === "function";

/** A text with one letter, U+0000 to U+00FF, for each byte. */
export function binary(bytes: Uint8Array): string {
  if (native) {
    return atob((bytes as unknown as Base64Bytes).toBase64());
  }
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 8192) {
    parts.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
  }
  return parts.join("");
}

/** The bytes of such a text. */
export function fromBinary(text: string): Uint8Array {
  if (native) {
    return (Uint8Array as unknown as Base64Source).fromBase64(btoa(text));
  }
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** UTF-8 text out of its `binary`; throws a `URIError` when it is no UTF-8. */
export function textOfBinary(text: string): string {
  return text.replace(/[\x80-\xff]+/g, (run) => decodeURIComponent(escape(run)));
}

/** The text of UTF-8 bytes, whose `binary` may be known; throws a `URIError` when they are none. */
export function textOf(bytes: Uint8Array, whole = binary(bytes)): string {
  return isAscii(bytes) ? whole : textOfBinary(whole);
}

/** Four bytes in one look: a regular expression takes as long as all the rest. */
function isAscii(bytes: Uint8Array): boolean {
  // A copy begins where a word does.
  const words = new Uint32Array(bytes.slice(0, bytes.length & ~3).buffer);
  let all = 0;
  for (let at = 0; at < words.length; at += 1) {
    all |= words[at] as number;
  }
  for (let at = bytes.length & ~3; at < bytes.length; at += 1) {
    all |= bytes[at] as number;
  }
  return (all & 0x80808080) === 0;
}

/** The text of UTF-8 bytes, with U+FFFD in the place of what is none. */
export function textOfAny(bytes: Uint8Array): string {
  const whole = binary(bytes);
  try {
    return textOf(bytes, whole);
  } catch {
    // By the Unicode standard's table of well-formed sequences; what fits no row is one U+FFFD a byte.
    const well =
      /[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\x80-\xff]/g;
    return whole.replace(well, (found) => (found.length === 1 ? "\ufffd" : decodeURIComponent(escape(found))));
  }
}

/** A text as UTF-8; half a surrogate pair becomes U+FFFD. */
export function utf8(text: string): Uint8Array {
  if (/^[\x00-\x7f]*$/.test(text)) {
    return fromBinary(text);
  }
  const whole = text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
  return fromBinary(unescape(encodeURIComponent(whole)));
}
