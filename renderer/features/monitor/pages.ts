// The page of this feature.
import type { PageMap } from '../../app/pages.ts';
import { RestoreMonitorPage } from './RestoreMonitorPage.tsx';

export const pages: PageMap = { 'restore/monitor': RestoreMonitorPage };
