// The frame of a page: title line with its actions, tabs, the body that scrolls.
import type { ReactNode } from 'react';
import { type TabItem, Tabs } from '../ui/index.ts';

export function Page<T extends string = string>(props: {
  title: string;
  /** After the title: a badge, a select. */
  aside?: ReactNode;
  /** At the right end of the title line. */
  actions?: ReactNode;
  tabs?: { items: readonly TabItem<T>[]; selected: T; onSelect: (id: T) => void };
  /** The body keeps its own scrolling and padding. */
  fill?: boolean;
  children: ReactNode;
}) {
  return (
    <div className="app-page">
      <header className="app-page-head">
        <div className="app-page-title">
          <h1>{props.title}</h1>
          {props.aside}
          <div className="app-page-actions">{props.actions}</div>
        </div>
        {props.tabs && (
          <Tabs
            label={props.title}
            tabs={props.tabs.items}
            selected={props.tabs.selected}
            onSelect={props.tabs.onSelect}
          />
        )}
      </header>
      <div className={`app-page-body${props.fill ? ' is-fill' : ''}`}>{props.children}</div>
    </div>
  );
}
