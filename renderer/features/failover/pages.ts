// The pages of this feature.
import type { PageMap } from '../../app/pages.ts';
import { DirectoryManagerPage } from './DirectoryManagerPage.tsx';

export const pages: PageMap = {
  'system/directory-manager/properties': DirectoryManagerPage,
  'system/directory-manager/database-failover': DirectoryManagerPage,
};
