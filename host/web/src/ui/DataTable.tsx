/**
 * The table of every list: sticky header, sorting and paging by the server with their state in the address, a row that
 * opens for reasons, skeleton rows of the right height, and what to say when there is nothing.
 */
import { ArrowDown, ArrowUp, ChevronRight } from "lucide-react";
import { memo, useCallback, useState, type ReactNode } from "react";
import { count } from "./format";
import { Button } from "./Button";
import { Skeleton, Trouble } from "./States";
import { useSlots } from "./slots";
import css from "./DataTable.module.css";

export interface Column<Row> {
  /** Names it, and the order by it. */
  id: string;
  label: string;
  cell: (row: Row) => ReactNode;
  /** Whether the server can order by it. */
  sortable?: boolean;
  /** Numbers stand at the right. */
  number?: boolean;
  /** CSS width. */
  width?: string;
  /** Its label is only said, as over a column of buttons. */
  silent?: boolean;
  /** Stays in sight at the right end while the rest scrolls: for what can be done with a row. */
  pinned?: boolean;
}

export interface Sorting {
  by: string;
  order: "asc" | "desc";
}

export interface DataTableProps<Row> {
  /** What it lists; said to those who do not see it. */
  label: string;
  columns: Column<Row>[];
  rows: Row[] | undefined;
  rowKey: (row: Row) => string;
  sorting?: Sorting;
  onSort?: (sorting: Sorting) => void;
  /** The second line of a row, opened by its first button; none where there is nothing to say. */
  detail?: (row: Row) => ReactNode;
  /** What the button that opens it names, so that those who hear it know which row it is. */
  rowName?: (row: Row) => string;
  empty: ReactNode;
  error?: unknown;
  retry?: () => void;
  /** Answers of another page are on their way: what stands there is pale. */
  stale?: boolean;
  paging?: Paging;
}

/** Where in a long list a page stands. */
export interface Paging {
  /** Rows before this page. */
  from: number;
  /** Rows in all; left out where nobody counts. */
  total?: number | undefined;
  previous?: (() => void) | undefined;
  next?: (() => void) | undefined;
}

const NONE: readonly string[] = [];

export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, columns, rows, rowKey, detail, rowName, empty, error, retry, stale = false, paging } = props;
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const toggle = useCallback((key: string) => setOpen((was) => {
    const is = new Set(was);
    if (!is.delete(key)) is.add(key);
    return is;
  }), []);
  const slot = useSlots(rows?.map(rowKey) ?? NONE);
  if (error !== undefined && error !== null && rows === undefined) return <Trouble error={error} retry={retry} />;
  if (rows?.length === 0) return <>{empty}</>;
  const width = columns.length + (detail ? 1 : 0);
  return (
    <div className={css.frame}>
      {/* A region that scrolls can be reached by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={css.scroll} role="region" aria-label={label} tabIndex={0}>
        <table className={css.table} aria-busy={rows === undefined || stale}>
          <caption className="visually-hidden">{label}</caption>
          <thead>
            <tr>
              {detail && <th className={css.opener}><span className="visually-hidden">Details</span></th>}
              {columns.map((column) => <Head key={column.id} column={column} {...props} />)}
            </tr>
          </thead>
          <tbody className={stale ? css.stale : undefined}>
            {rows === undefined && Array.from({ length: 8 }, (_, row) => (
              <tr key={row} className={css.row}>{Array.from({ length: width }, (_, cell) => <td key={cell}><Skeleton width={cell === 0 ? "70%" : "50%"} /></td>)}</tr>
            ))}
            {rows?.map((row) => {
              const key = rowKey(row);
              return <Line key={slot(key)} id={key} row={row} columns={columns} width={width} open={open.has(key)} onToggle={toggle} detail={detail} rowName={rowName} />;
            })}
          </tbody>
        </table>
      </div>
      {paging && <Foot paging={paging} rows={rows?.length ?? 0} label={label} />}
    </div>
  );
}

interface LineProps<Row> extends Pick<DataTableProps<Row>, "columns" | "detail" | "rowName"> {
  id: string;
  row: Row;
  width: number;
  open: boolean;
  onToggle: (id: string) => void;
}

/** A row, painted again only when it changed: an answer that says the same costs nothing where the page keeps its columns. */
const Line = memo(function Line<Row>({ id, row, columns, detail, rowName, width, open, onToggle }: LineProps<Row>) {
  const more = detail?.(row);
  return (
    <>
      <tr className={css.row} data-open={open || undefined}>
        {detail && (
          <td className={css.opener}>
            {more && (
              <button type="button" className={css.chevron} aria-expanded={open} aria-label={`${open ? "Hide" : "Show"} details${rowName ? ` of ${rowName(row)}` : ""}`} onClick={() => onToggle(id)}>
                <ChevronRight aria-hidden="true" />
              </button>
            )}
          </td>
        )}
        {columns.map((column) => <td key={column.id} className={cellClass(column)}>{column.cell(row)}</td>)}
      </tr>
      {open && more && <tr className={css.more}><td colSpan={width}><div className={css.detail}>{more}</div></td></tr>}
    </>
  );
}) as <Row>(props: LineProps<Row>) => ReactNode;

function cellClass<Row>({ number = false, pinned = false }: Column<Row>): string | undefined {
  return [number && css.number, pinned && css.pinned].filter(Boolean).join(" ") || undefined;
}

function Head<Row>({ column, sorting, onSort }: { column: Column<Row> } & DataTableProps<Row>) {
  const sorted = sorting?.by === column.id ? sorting.order : undefined;
  const sortable = column.sortable === true && onSort !== undefined;
  const next = sorted === "asc" ? "desc" : "asc";
  return (
    <th scope="col" style={{ width: column.width }} className={cellClass(column)} aria-sort={sorted === undefined ? (sortable ? "none" : undefined) : sorted === "asc" ? "ascending" : "descending"}>
      {sortable ? (
        <button type="button" className={css.sort} data-sorted={sorted} onClick={() => onSort({ by: column.id, order: next })}>
          {column.label}
          {sorted === "desc" ? <ArrowDown aria-hidden="true" /> : <ArrowUp aria-hidden="true" />}
        </button>
      ) : column.silent ? <span className="visually-hidden">{column.label}</span> : column.label}
    </th>
  );
}

function Foot({ paging, rows, label }: { paging: Paging; rows: number; label: string }) {
  const { from, total, previous, next } = paging;
  if (!previous && !next && total === undefined) return null;
  return (
    <nav className={css.foot} aria-label={`Pages of ${label}`}>
      <p aria-live="polite">{rows > 0 && <>{count(from + 1)}–{count(from + rows)}{total !== undefined && <> of {count(total)}</>}</>}</p>
      <div className={css.pages}>
        <Button onClick={previous} disabled={!previous}>Previous</Button>
        <Button onClick={next} disabled={!next}>Next</Button>
      </div>
    </nav>
  );
}
