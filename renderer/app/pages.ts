// Which component draws which page. Each feature that has pages says so in its own `pages.ts`.
import type { ComponentType } from 'react';
import type { PageId, Route } from './route.ts';

export type PageComponent = ComponentType<{ route: Route }>;
export type PageMap = Partial<Record<PageId, PageComponent>>;

const found = import.meta.glob<{ pages: PageMap }>('../features/*/pages.ts', { eager: true });

export const pages: PageMap = Object.assign({}, ...Object.values(found).map((module) => module.pages));
