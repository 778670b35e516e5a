// The page of this feature.
import type { PageMap } from '../../app/pages.ts';
import { LoggingPage } from './LoggingPage.tsx';

export const pages: PageMap = { 'backup/logging': LoggingPage };
