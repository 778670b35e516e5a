// The pages of this feature.
import type { PageMap } from '../../app/pages.ts';
import { DrillsPage } from './DrillsPage.tsx';

export const pages: PageMap = { 'backup/drills': DrillsPage };
