// The pages of this feature.
import type { PageMap } from '../../app/pages.ts';
import { InspectorPage } from './InspectorPage.tsx';
import { LogPage } from './LogPage.tsx';

export const pages: PageMap = { 'backup/inspector': InspectorPage, 'backup/log': LogPage };
