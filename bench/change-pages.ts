// A writer of its own: changes about this share of the pages of a database. Arguments: file, share.
import { changePages } from './data-file.ts';

changePages(process.argv[2]!, Number(process.argv[3]));
