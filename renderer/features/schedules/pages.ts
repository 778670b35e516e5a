// The pages of this feature.
import type { PageMap } from '../../app/pages.ts';
import { RetentionPage } from './RetentionPage.tsx';
import { SchedulesPage } from './SchedulesPage.tsx';

export const pages: PageMap = { 'backup/schedules': SchedulesPage, 'backup/retention': RetentionPage };
