// The page of this feature.
import type { PageMap } from '../../app/pages.ts';
import { ErrorsPage } from './ErrorsPage.tsx';

export const pages: PageMap = { 'backup/errors': ErrorsPage };
