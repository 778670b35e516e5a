// The one table: sortable, keyboard, virtual above 100 rows. Rows are 30 px; arrow keys, Home, End, Page keys move, Enter opens.
import './table.css';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type ReactNode, useMemo, useRef, useState } from 'react';
import { ChevronDownIcon, ChevronUpIcon } from './icons.ts';

export interface Column<Row> {
  key: string;
  header: string;
  /** Draw no header text; it stays the accessible name. */
  hideHeader?: boolean;
  /** CSS grid track, such as `120px` or `minmax(140px, 1fr)`. */
  width: string;
  align?: 'start' | 'end';
  cell: (row: Row) => ReactNode;
  /** What to sort by; a column without it isn't sortable. */
  sort?: (row: Row) => string | number | null;
  /** Tooltip of the header. */
  title?: string;
}

export interface TableProps<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  selected?: string | null;
  onSelect?: (key: string) => void;
  onOpen?: (row: Row) => void;
  initialSort?: { key: string; descending: boolean };
  empty?: ReactNode;
  /** Extra class for a row, for example a tint. */
  rowClass?: (row: Row) => string | undefined;
  /** Scrolls inside itself at this height at most; without it the table is as high as its rows, up to the pane. */
  maxHeight?: number | string;
  rowHeight?: number;
}

const virtualFrom = 100;

/** One for all: making one takes longer than many comparisons. */
const collator = new Intl.Collator('en', { numeric: true });

function compare(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));
}

export function Table<Row>(props: TableProps<Row>) {
  const { columns, rows, rowKey, onSelect, onOpen, rowHeight = 30 } = props;
  const [sort, setSort] = useState(props.initialSort ?? null);
  const scroller = useRef<HTMLDivElement>(null);
  const [focusKey, setFocusKey] = useState<string | null>(null);

  const sorted = useMemo(() => {
    const by = sort && columns.find((column) => column.key === sort.key)?.sort;
    if (!by) return rows;
    const direction = sort.descending ? -1 : 1;
    return [...rows].sort((a, b) => direction * compare(by(a), by(b)));
  }, [rows, sort, columns]);

  const virtual = sorted.length > virtualFrom;
  const virtualizer = useVirtualizer({
    count: virtual ? sorted.length : 0,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  });

  const interactive = !!onSelect || !!onOpen;
  const selectedKey = props.selected ?? focusKey;
  const selectedIndex = sorted.findIndex((row) => rowKey(row) === selectedKey);
  const tabStop = Math.max(0, selectedIndex);

  const moveTo = (index: number) => {
    const at = Math.max(0, Math.min(sorted.length - 1, index));
    const row = sorted[at];
    if (row === undefined) return;
    const key = rowKey(row);
    setFocusKey(key);
    onSelect?.(key);
    if (virtual) virtualizer.scrollToIndex(at);
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`[data-row-index="${at}"]`)?.focus({ preventScroll: virtual }),
    );
  };

  const onKeyDown = (event: KeyboardEvent, index: number) => {
    if (event.target !== event.currentTarget) return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 300) / rowHeight) - 2);
    const moves: Record<string, number> = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      Home: 0,
      End: sorted.length - 1,
      PageDown: index + page,
      PageUp: index - page,
    };
    const target = moves[event.key];
    if (target !== undefined) {
      event.preventDefault();
      moveTo(target);
    } else if (event.key === 'Enter' && onOpen) {
      const row = sorted[index];
      if (row !== undefined) onOpen(row);
    }
  };

  const template = columns.map((column) => column.width).join(' ');
  // Header and rows are grids of their own: the same least width keeps their columns in line when the table scrolls sideways.
  const minWidth = columns.reduce((sum, column) => sum + Number(/(\d+)px/.exec(column.width)?.[1] ?? 0), 0);

  const drawRow = (row: Row, index: number, top?: number) => {
    const key = rowKey(row);
    const isSelected = props.selected === key;
    return (
      // biome-ignore lint/a11y/useSemanticElements: a virtual list needs positioned rows, which table elements don't allow
      <div
        key={key}
        role="row"
        className={`hf-table-row${isSelected ? ' is-selected' : ''} ${props.rowClass?.(row) ?? ''}`}
        style={{
          gridTemplateColumns: template,
          minWidth,
          height: rowHeight,
          ...(top === undefined ? {} : { position: 'absolute', insetInline: 0, transform: `translateY(${top}px)` }),
        }}
        aria-rowindex={index + 2}
        aria-selected={onSelect ? isSelected : undefined}
        data-row-index={index}
        tabIndex={interactive ? (index === tabStop ? 0 : -1) : undefined}
        onClick={interactive ? () => moveTo(index) : undefined}
        onDoubleClick={onOpen ? () => onOpen(row) : undefined}
        onKeyDown={interactive ? (event) => onKeyDown(event, index) : undefined}
      >
        {columns.map((column) => (
          <div
            key={column.key}
            role={interactive ? 'gridcell' : 'cell'}
            className={`hf-table-cell${column.align === 'end' ? ' is-end' : ''}`}
          >
            {column.cell(row)}
          </div>
        ))}
      </div>
    );
  };

  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: the role is a grid or a table
    <div
      ref={scroller}
      className="hf-table"
      role={interactive ? 'grid' : 'table'}
      aria-label={props.label}
      aria-rowcount={sorted.length + 1}
      style={props.maxHeight === undefined ? undefined : { maxHeight: props.maxHeight }}
      {...(interactive || sorted.length === 0 ? {} : { tabIndex: 0 })}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: see the rows */}
      <div role="rowgroup" className="hf-table-head">
        {/* biome-ignore lint/a11y/useSemanticElements: see the rows */}
        {/* biome-ignore lint/a11y/useFocusableInteractive: its buttons are focusable */}
        <div role="row" className="hf-table-row hf-table-header" style={{ gridTemplateColumns: template, minWidth }}>
          {columns.map((column) => {
            const active = sort?.key === column.key;
            return (
              // biome-ignore lint/a11y/useSemanticElements: see the rows
              // biome-ignore lint/a11y/useFocusableInteractive: its button is focusable
              <div
                key={column.key}
                role="columnheader"
                className={`hf-table-cell${column.align === 'end' ? ' is-end' : ''}`}
                aria-sort={active ? (sort.descending ? 'descending' : 'ascending') : undefined}
                title={column.title}
              >
                {column.sort ? (
                  <button
                    type="button"
                    onClick={() => setSort({ key: column.key, descending: active ? !sort.descending : false })}
                  >
                    {column.header}
                    {active && (sort.descending ? <ChevronDownIcon /> : <ChevronUpIcon />)}
                  </button>
                ) : (
                  <span className={column.hideHeader ? 'hf-sr' : undefined}>{column.header}</span>
                )}
              </div>
            );
          })}
        </div>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: see the rows */}
      <div
        role="rowgroup"
        className="hf-table-body"
        style={virtual ? { height: virtualizer.getTotalSize(), position: 'relative' } : undefined}
      >
        {virtual
          ? virtualizer.getVirtualItems().map((item) => {
              const row = sorted[item.index];
              return row === undefined ? null : drawRow(row, item.index, item.start);
            })
          : sorted.map((row, index) => drawRow(row, index))}
        {sorted.length === 0 && (
          // biome-ignore lint/a11y/useSemanticElements: see the rows
          // biome-ignore lint/a11y/useFocusableInteractive: only text
          <div role="row" className="hf-table-empty">
            <div role={interactive ? 'gridcell' : 'cell'}>{props.empty ?? 'Nothing here.'}</div>
          </div>
        )}
      </div>
    </div>
  );
}
