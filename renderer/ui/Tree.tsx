// A tree of things to open: arrow keys move and expand, Enter opens. The open one is marked as current.
import './navigation.css';
import { type KeyboardEvent, type ReactElement, type ReactNode, useRef, useState } from 'react';
import { ChevronDownIcon, ChevronRightIcon } from './icons.ts';

export interface TreeNode {
  id: string;
  label: string;
  icon?: ReactElement;
  /** State sign after the chevron. */
  sign?: ReactNode;
  /** What the sign says, announced after the label. */
  state?: string;
  /** Small text at the end. */
  detail?: ReactNode;
  children?: readonly TreeNode[];
  /** Headings group nodes and cannot be opened. */
  heading?: boolean;
  onOpen?: () => void;
}

interface Flat {
  node: TreeNode;
  depth: number;
  parent: string | null;
}

export function Tree(props: { label: string; nodes: readonly TreeNode[]; current: string | null }) {
  const root = useRef<HTMLDivElement>(null);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [focused, setFocused] = useState<string | null>(null);
  const flat: Flat[] = [];
  const collect = (nodes: readonly TreeNode[], depth: number, parent: string | null) => {
    for (const node of nodes) {
      flat.push({ node, depth, parent });
      if (node.children && !closed.has(node.id)) collect(node.children, depth + 1, node.id);
    }
  };
  collect(props.nodes, 1, null);
  const ids = flat.map((entry) => entry.node.id);
  const stop =
    focused !== null && ids.includes(focused)
      ? focused
      : ids.includes(props.current ?? '')
        ? props.current
        : (ids[0] ?? null);

  const toggle = (id: string, open: boolean) => {
    const next = new Set(closed);
    if (open) next.delete(id);
    else next.add(id);
    setClosed(next);
  };
  const focus = (id: string | null | undefined) => {
    if (!id) return;
    setFocused(id);
    root.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(id)}"]`)?.focus();
  };
  const onKeyDown = (event: KeyboardEvent, entry: Flat) => {
    const at = ids.indexOf(entry.node.id);
    const branch = !!entry.node.children?.length;
    const open = branch && !closed.has(entry.node.id);
    const openNode = () => (entry.node.onOpen ? entry.node.onOpen() : toggle(entry.node.id, !open));
    const act = new Map<string, () => void>([
      ['ArrowDown', () => focus(ids[at + 1])],
      ['ArrowUp', () => focus(ids[at - 1])],
      ['Home', () => focus(ids[0])],
      ['End', () => focus(ids.at(-1))],
      ['ArrowRight', () => (branch && !open ? toggle(entry.node.id, true) : focus(ids[at + 1]))],
      ['ArrowLeft', () => (open ? toggle(entry.node.id, false) : focus(entry.parent))],
      ['Enter', openNode],
      [' ', openNode],
    ]);
    const run = act.get(event.key);
    if (run) {
      event.preventDefault();
      run();
    }
  };

  return (
    <div ref={root} className="hf-tree" role="tree" aria-label={props.label}>
      {flat.map((entry) => {
        const { node, depth } = entry;
        const branch = !!node.children?.length;
        const open = branch && !closed.has(node.id);
        return (
          <div
            key={node.id}
            className={`hf-tree-node${node.heading ? ' is-heading' : ''}`}
            role="treeitem"
            aria-level={depth}
            aria-expanded={branch ? open : undefined}
            aria-selected={node.id === props.current}
            aria-label={node.label}
            aria-description={node.state}
            data-node={node.id}
            tabIndex={node.id === stop ? 0 : -1}
            style={{ paddingInlineStart: 6 + (depth - 1) * 13 }}
            onClick={() => {
              setFocused(node.id);
              if (node.onOpen) node.onOpen();
              else if (branch) toggle(node.id, !open);
            }}
            onKeyDown={(event) => onKeyDown(event, entry)}
          >
            <span
              className="hf-tree-chevron"
              aria-hidden="true"
              onClick={(event) => {
                if (!branch) return;
                event.stopPropagation();
                toggle(node.id, !open);
              }}
            >
              {branch && (open ? <ChevronDownIcon /> : <ChevronRightIcon />)}
            </span>
            {node.sign}
            {node.icon}
            <span className="hf-tree-label">{node.label}</span>
            {node.detail}
          </div>
        );
      })}
    </div>
  );
}
