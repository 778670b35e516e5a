// The block map as geometry: up to 1,000 cells become a grid that fits a box, drawn as one SVG path for each state.

/** `.` to do · `r` restored · `v` verified, as in the view's block map. */
export type CellState = '.' | 'r' | 'v';

export interface BlockGrid {
  columns: number;
  rows: number;
  /** Distance from one cell's left edge to the next, px; cells are one gap smaller. */
  pitch: number;
  gap: number;
  width: number;
  height: number;
}

export interface CellCounts {
  todo: number;
  restored: number;
  verified: number;
  total: number;
}

/** The largest square cells (5 to 14 px pitch) with which `count` cells fit into the box; grows in height before cells get unreadable. */
export function fitGrid(count: number, width: number, height: number): BlockGrid {
  const cells = Math.max(1, count);
  let pitch = 14;
  while (pitch > 5 && Math.ceil(cells / Math.max(1, Math.floor(width / pitch))) * pitch > height) pitch -= 0.5;
  const columns = Math.max(1, Math.min(cells, Math.floor(width / pitch)));
  const rows = Math.ceil(cells / columns);
  const gap = pitch >= 9 ? 2 : 1;
  return { columns, rows, pitch, gap, width: columns * pitch - gap, height: rows * pitch - gap };
}

export function countCells(map: string): CellCounts {
  let restored = 0;
  let verified = 0;
  for (const cell of map) {
    if (cell === 'v') verified += 1;
    else if (cell === 'r') restored += 1;
  }
  return { todo: map.length - restored - verified, restored, verified, total: map.length };
}

/** Whole percents that add up to 100. Rounded down, so that nothing is said to be done before it is; the rest is of the least done state. */
export function cellShares({
  todo,
  restored,
  verified,
  total,
}: CellCounts): Pick<CellCounts, 'todo' | 'restored' | 'verified'> {
  if (total === 0) return { todo: 0, restored: 0, verified: 0 };
  const percent = (value: number): number => Math.floor((value / total) * 100);
  if (todo > 0)
    return {
      verified: percent(verified),
      restored: percent(restored),
      todo: 100 - percent(verified) - percent(restored),
    };
  return { verified: percent(verified), restored: 100 - percent(verified), todo: 0 };
}

/** One SVG path with a square for every cell in this state; empty when there is none. */
export function cellPath(map: string, state: CellState, grid: BlockGrid, inset = 0): string {
  const size = round(grid.pitch - grid.gap - inset * 2);
  let path = '';
  for (let index = 0; index < map.length; index += 1) {
    if (map[index] !== state) continue;
    const x = round((index % grid.columns) * grid.pitch + inset);
    const y = round(Math.floor(index / grid.columns) * grid.pitch + inset);
    path += `M${x} ${y}h${size}v${size}h-${size}z`;
  }
  return path;
}

/** The cell under a point of the grid; null between rows past the end and outside. */
export function cellAt(x: number, y: number, count: number, grid: BlockGrid): number | null {
  if (x < 0 || y < 0 || x >= grid.columns * grid.pitch) return null;
  const index = Math.floor(y / grid.pitch) * grid.columns + Math.floor(x / grid.pitch);
  return index < count ? index : null;
}

const words = { '.': 'to do', r: 'restored', v: 'verified' } as const;

/** `pages 129 to 192: restored`. */
export function cellMeaning(map: string, index: number, pagesPerCell: number): string {
  const first = index * pagesPerCell + 1;
  const state = words[(map[index] ?? '.') as CellState];
  const pages =
    pagesPerCell === 1
      ? `page ${first.toLocaleString('en-US')}`
      : `pages ${first.toLocaleString('en-US')} to ${(first + pagesPerCell - 1).toLocaleString('en-US')}`;
  return `${pages}: ${state}`;
}

/** The whole map in one sentence, for a screen reader. */
export function mapMeaning(map: string): string {
  if (map.length === 0) return 'No pages yet';
  const { restored, verified, todo } = cellShares(countCells(map));
  return `${restored + verified} % restored, ${verified} % verified, ${todo} % to do`;
}

const round = (value: number): number => Math.round(value * 100) / 100;
