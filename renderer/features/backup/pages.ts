// The page of this feature.
import type { PageMap } from '../../app/pages.ts';
import { BackUpPage } from './BackUpPage.tsx';

export const pages: PageMap = { 'backup/back-up': BackUpPage };
