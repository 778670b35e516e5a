// The pages of this feature.
import type { PageMap } from '../../app/pages.ts';
import { HomePage } from './HomePage.tsx';

export const pages: PageMap = { home: HomePage };
