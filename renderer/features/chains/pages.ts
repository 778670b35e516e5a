// The page of this feature.
import type { PageMap } from '../../app/pages.ts';
import { ChainsPage } from './ChainsPage.tsx';

export const pages: PageMap = { 'backup/chains': ChainsPage };
