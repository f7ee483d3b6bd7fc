/** JSON in pieces, for colours. Only text that `JSON.stringify` made: what is cut is put together again, letter for letter. */
export interface Piece {
  kind: "name" | "text" | "number" | "word" | "mark";
  text: string;
}

const PIECES = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null)|([^"\dtfn-]+|.)/gsu;

export function pieces(json: string): Piece[] {
  return [...json.matchAll(PIECES)].flatMap(([whole, quoted, colon, number, word]): Piece[] => {
    if (quoted !== undefined) return colon === undefined ? [{ kind: "text", text: quoted }] : [{ kind: "name", text: quoted }, { kind: "mark", text: colon }];
    if (number !== undefined) return [{ kind: "number", text: number }];
    if (word !== undefined) return [{ kind: "word", text: word }];
    return [{ kind: "mark", text: whole }];
  });
}
