// The pages of this feature.
import type { PageMap } from '../../app/pages.ts';
import { DsmasterPage } from './DsmasterPage.tsx';

export const pages: PageMap = { 'system/dsmaster': DsmasterPage };
