// The page of this feature.
import type { PageMap } from '../../app/pages.ts';
import { RestoreWizardPage } from './RestoreWizardPage.tsx';

export const pages: PageMap = { 'restore/wizard': RestoreWizardPage };
