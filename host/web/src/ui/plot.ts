/** Where the line of a plot runs: numbers only, so that it can be tried without a browser. */

export interface PlotPoint {
  /** RFC 3339. */
  at: string;
  value: number;
}

/** The top of a scale: the next of 1, 2, 2.5, 5, 10 … that holds the highest value; at least 1. */
export function niceTop(highest: number): number {
  if (!(highest > 1)) return 1;
  const size = 10 ** Math.floor(Math.log10(highest));
  const step = [1, 2, 2.5, 5, 10].find((step) => step * size >= highest) ?? 10;
  return step * size;
}

/** The line through the points on a ground of `width` × `height`, and the area below it, as SVG paths. */
export function paths(values: number[], top: number, width: number, height: number): { line: string; area: string } {
  if (values.length === 0) return { line: "", area: "" };
  const spots = values.map((value, place) => `${round(x(place, values.length, width))},${round(y(value, top, height))}`);
  const line = `M${spots.join("L")}`;
  return { line, area: `${line}L${round(x(values.length - 1, values.length, width))},${height}L${round(x(0, values.length, width))},${height}Z` };
}

/** How far right a point stands; a single one in the middle. */
export function x(place: number, of: number, width: number): number {
  return of < 2 ? width / 2 : (place / (of - 1)) * width;
}

/** How far down a value stands: values grow upwards, and stay within the ground. */
export function y(value: number, top: number, height: number): number {
  return height - (Math.min(Math.max(value, 0), top) / top) * height;
}

/** The point nearest to a place on the ground, `0` (left) to `1` (right). */
export function nearest(share: number, of: number): number {
  return Math.min(of - 1, Math.max(0, Math.round(share * (of - 1))));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
