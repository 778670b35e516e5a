// The block map of the set being restored: up to 1,000 cells, each a run of pages. Shape and colour both tell the state.
import { type PointerEvent, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { cellAt, cellMeaning, cellPath, cellShares, countCells, fitGrid, mapMeaning } from './block-map.ts';

const words = [
  ['v', 'verified', 'verified'],
  ['r', 'restored', 'restored'],
  ['.', 'todo', 'to do'],
] as const;

/** Fills the width it gets and `height` px at most; says the pages of a cell under the pointer. */
export function BlockMap({ map, pagesPerCell, height = 150 }: { map: string; pagesPerCell: number; height?: number }) {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [hovered, setHovered] = useState<number | null>(null);
  useLayoutEffect(() => {
    const element = frame.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const grid = useMemo(() => fitGrid(map.length, Math.max(60, width), height), [map.length, width, height]);
  // Outlines, then tiles, then one solid field: the states differ in shape as well as in colour.
  const paths = useMemo(
    () => ({
      todo: cellPath(map, '.', grid, 0.5),
      restored: cellPath(map, 'r', grid),
      verified: cellPath(map, 'v', grid, (0.5 - grid.gap) / 2),
    }),
    [map, grid],
  );
  const counts = countCells(map);
  const point = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    setHovered(cellAt(event.clientX - box.left, event.clientY - box.top, map.length, grid));
  };
  const shares = cellShares(counts);
  return (
    <div className="mon-map" ref={frame}>
      {map.length === 0 ? (
        <p className="mon-map-empty">No pages yet.</p>
      ) : (
        <svg
          width={grid.width}
          height={grid.height}
          role="img"
          aria-label={mapMeaning(map)}
          onPointerMove={point}
          onPointerLeave={() => setHovered(null)}
        >
          {paths.todo && <path className="mon-cell-todo" d={paths.todo} />}
          {paths.restored && <path className="mon-cell-restored" d={paths.restored} />}
          {paths.verified && <path className="mon-cell-verified" d={paths.verified} />}
        </svg>
      )}
      <div className="mon-legend" title={`1 cell = ${pagesPerCell.toLocaleString('en-US')} pages`}>
        {hovered !== null && <span className="hf-num">{cellMeaning(map, hovered, pagesPerCell)}</span>}
        {hovered === null &&
          words.map(([state, name, text]) => (
            <span key={name} className="mon-legend-item">
              <svg width="10" height="10" aria-hidden="true">
                {state === '.' && <rect x="0.5" y="0.5" width="9" height="9" className="mon-cell-todo" />}
                {state === 'r' && (
                  <path
                    d="M0 0h4.5v4.5H0zM5.5 0H10v4.5H5.5zM0 5.5h4.5V10H0zM5.5 5.5H10V10H5.5z"
                    className="mon-cell-restored"
                  />
                )}
                {state === 'v' && <rect width="10" height="10" className="mon-cell-verified" />}
              </svg>
              {text} <span className="hf-num hf-muted">{counts.total === 0 ? '' : `${shares[name]} %`}</span>
            </span>
          ))}
      </div>
    </div>
  );
}
