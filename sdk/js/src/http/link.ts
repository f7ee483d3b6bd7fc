/** The `Link` header (RFC 8288), as far as paging needs it. */

/** The address of the first link with this relation. */
export function find(header: string, relation: string): string | undefined {
  let rest = header;
  for (;;) {
    const open = rest.indexOf("<");
    const close = rest.indexOf(">", open);
    if (open === -1 || close === -1) {
      return undefined;
    }
    const after = rest.slice(close + 1);
    const comma = endOfParameters(after);
    if (relations(after.slice(0, comma)).includes(relation)) {
      return rest.slice(open + 1, close);
    }
    rest = after.slice(comma);
  }
}

function relations(parameters: string): string[] {
  for (const parameter of parameters.split(";")) {
    const equals = parameter.indexOf("=");
    if (equals !== -1 && parameter.slice(0, equals).trim().toLowerCase() === "rel") {
      return parameter
        .slice(equals + 1)
        .trim()
        .replace(/^"+|"+$/g, "")
        .split(/\s+/);
    }
  }
  return [];
}

/** Where the comma is that ends this link; one inside quotes does not. */
function endOfParameters(text: string): number {
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '"') {
      quoted = !quoted;
    } else if (text[at] === "," && !quoted) {
      return at;
    }
  }
  return text.length;
}
