/** What an integration reads, writes and reaches, out of the host's sentences: the same words that are shown in the hosted journey. */

/** A thing and what is said about it. */
export interface Asked {
  title: string;
  about: string;
}

export interface Asks {
  reads: Asked[];
  writes: Asked[];
  reaches: Asked[];
  /** What fits nowhere, as limits do: whole sentences. */
  further: string[];
}

const BEGINNINGS = { "Reads ": "reads", "Writes ": "writes", "Reaches ": "reaches" } as const;

/** A sentence of another form than is known is shown whole, never left out. */
export function asksOf(sentences: string[]): Asks {
  const asks: Asks = { reads: [], writes: [], reaches: [], further: [] };
  for (const sentence of sentences) {
    const beginning = (Object.keys(BEGINNINGS) as (keyof typeof BEGINNINGS)[]).find((each) => sentence.startsWith(each));
    const colon = sentence.indexOf(": ");
    if (beginning === undefined || colon < 0) asks.further.push(sentence);
    else asks[BEGINNINGS[beginning]].push({ title: capital(sentence.slice(beginning.length, colon)), about: capital(sentence.slice(colon + 2)) });
  }
  return asks;
}

const capital = (text: string) => (text.startsWith("http") ? text : text.charAt(0).toUpperCase() + text.slice(1));
