// The page of this feature.
import type { PageMap } from '../../app/pages.ts';
import { DatabasesPage } from './DatabasesPage.tsx';

export const pages: PageMap = { 'backup/databases': DatabasesPage };
