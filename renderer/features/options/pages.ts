// The pages of this feature.
import type { PageMap } from '../../app/pages.ts';
import { OptionsPage } from './OptionsPage.tsx';

export const pages: PageMap = { options: OptionsPage };
