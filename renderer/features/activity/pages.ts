// The pages of this feature.
import type { PageMap } from '../../app/pages.ts';
import { ActivityPage } from './ActivityPage.tsx';

export const pages: PageMap = { activity: ActivityPage };
