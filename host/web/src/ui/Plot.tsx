/**
 * A small line over time. Its value is read off by pointer, by touch or by arrow keys; who does not see it hears what it
 * shows in one sentence, and can go through its values one by one.
 */
import { useId, useState, type KeyboardEvent, type PointerEvent } from "react";
import { absolute, count } from "./format";
import { nearest, niceTop, paths, x, y, type PlotPoint } from "./plot";
import css from "./Plot.module.css";

export interface PlotProps {
  /** Oldest first, at even distances. */
  points: PlotPoint[];
  /** What is counted: `Records`, `Failed runs`. */
  label: string;
  /** `bad` where more is worse. */
  tone?: "accent" | "good" | "warn" | "bad";
  /** Of the ground, in pixels. */
  height?: number;
  /** Said after a value: `records`. */
  unit?: string;
}

/** Wide enough that rounding is not seen; the browser stretches it. */
const WIDTH = 1_000;

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

export function Plot({ points, label, tone = "accent", height = 96, unit = "" }: PlotProps) {
  const [chosen, choose] = useState<number>();
  const id = useId();
  const values = points.map((point) => point.value);
  const highest = Math.max(0, ...values);
  const top = niceTop(highest);
  const sum = values.reduce((total, value) => total + value, 0);
  const { line, area } = paths(values, top, WIDTH, height);
  const at = chosen === undefined ? undefined : points[Math.min(chosen, points.length - 1)];
  const first = points[0];
  const last = points.at(-1);
  const long = first !== undefined && last !== undefined && Date.parse(last.at) - Date.parse(first.at) > 86_400_000;
  const short = (when: string) => (long ? day : clock).format(new Date(when));
  const worded = (value: number) => `${count(value)}${unit ? ` ${unit}` : ""}`;

  const point = (event: PointerEvent<HTMLDivElement>) => {
    const ground = event.currentTarget.getBoundingClientRect();
    if (points.length > 0 && ground.width > 0) choose(nearest((event.clientX - ground.left) / ground.width, points.length));
  };
  const key = (event: KeyboardEvent) => {
    const now = chosen ?? points.length - 1;
    const steps: Record<string, number> = { ArrowLeft: now - 1, ArrowDown: now - 1, ArrowRight: now + 1, ArrowUp: now + 1, Home: 0, End: points.length - 1 };
    const next = steps[event.key];
    if (next === undefined) return;
    event.preventDefault();
    choose(Math.min(points.length - 1, Math.max(0, next)));
  };

  if (first === undefined || last === undefined) return <p className={css.none}>Nothing was counted yet.</p>;
  const share = at === undefined ? 0 : x(points.indexOf(at), points.length, 100);
  return (
    <figure className={css.figure} data-tone={tone}>
      <figcaption className={css.caption} id={id}>
        <span className={css.label}>{label}</span>
        <span className={css.value}>{at ? <>{worded(at.value)} <span className={css.soft}>{short(at.at)}</span></> : <>{worded(sum)} <span className={css.soft}>in all</span></>}</span>
      </figcaption>
      <div
        className={css.ground} style={{ height }} role="slider" tabIndex={0} aria-labelledby={id}
        aria-valuemin={0} aria-valuemax={points.length - 1} aria-valuenow={chosen ?? points.length - 1} aria-orientation="horizontal" aria-readonly="true"
        aria-valuetext={at ? `${worded(at.value)} at ${absolute(at.at)}` : `${worded(sum)} in all, at most ${worded(highest)} at once`}
        onPointerMove={point} onPointerDown={point} onPointerLeave={() => choose(undefined)} onKeyDown={key} onBlur={() => choose(undefined)}
      >
        <svg viewBox={`0 0 ${WIDTH} ${height}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
          <path className={css.area} d={area} />
          <path className={css.line} d={line} vectorEffect="non-scaling-stroke" />
        </svg>
        <span className={css.top} aria-hidden="true">{count(top)}</span>
        {at && (
          <>
            <span className={css.cross} style={{ left: `${share}%` }} aria-hidden="true" />
            <span className={css.spot} style={{ left: `${share}%`, top: y(at.value, top, height) }} aria-hidden="true" />
          </>
        )}
      </div>
      <div className={css.times} aria-hidden="true"><span>{short(first.at)}</span><span>{short(last.at)}</span></div>
      {/* A table keeps its height, whatever a sheet says: what hides it stands around it. */}
      <div className="visually-hidden">
        <table>
          <caption>{label}</caption>
          <thead><tr><th scope="col">Time</th><th scope="col">{label}</th></tr></thead>
          <tbody>{points.map((each) => <tr key={each.at}><td>{absolute(each.at)}</td><td>{count(each.value)}</td></tr>)}</tbody>
        </table>
      </div>
    </figure>
  );
}
