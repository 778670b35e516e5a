// The name of a file in a table. Files of one series differ at the end of their names, so a long name gives way in its middle.
import { shortFile } from './short-file.ts';

export function FileName({ file, title = file }: { file: string; title?: string }) {
  const { start, end } = shortFile(file);
  return (
    <span className="ch-file" title={title}>
      <span className="hf-ellipsis">{start}</span>
      <span>{end}</span>
    </span>
  );
}
