// The pages of this feature.
import type { PageMap } from '../../app/pages.ts';
import { LabPage } from './LabPage.tsx';

export const pages: PageMap = { demo: LabPage };
