// The pages of this feature.
import type { PageMap } from '../../app/pages.ts';
import { ServersPage } from './ServersPage.tsx';

export const pages: PageMap = { 'system/servers': ServersPage };
