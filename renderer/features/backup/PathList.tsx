// A short list of paths on a server: each can be taken out, more are chosen in the file picker or typed there.
import { useState } from 'react';
import { AddIcon, Button, DismissIcon, IconButton } from '../../ui/index.ts';
import { BrowseDialog } from '../protect/BrowseDialog.tsx';

export function PathList(props: {
  label: string;
  hint?: string;
  /** What can be added: the words on the button, and what is picked. */
  adds: readonly { verb: string; pick: 'file' | 'folder' }[];
  server: string;
  start: string | null;
  paths: readonly string[];
  onChange: (paths: string[]) => void;
}) {
  const [browsing, setBrowsing] = useState<(typeof props.adds)[number] | null>(null);
  const { paths, onChange } = props;
  return (
    <div className="bu-paths">
      <span className="bu-label">{props.label}</span>
      {paths.length > 0 && (
        <ul aria-label={props.label}>
          {paths.map((path) => (
            <li key={path}>
              <span className="hf-mono hf-ellipsis" title={path}>
                {path}
              </span>
              <IconButton
                icon={<DismissIcon />}
                label={`Take out ${path}`}
                onClick={() => onChange(paths.filter((one) => one !== path))}
              />
            </li>
          ))}
        </ul>
      )}
      <div className="bu-paths-foot">
        {props.adds.map((add) => (
          <Button key={add.verb} icon={<AddIcon />} onClick={() => setBrowsing(add)}>
            {add.verb}
          </Button>
        ))}
        {props.hint && <span className="hf-secondary">{props.hint}</span>}
      </div>
      {browsing && (
        <BrowseDialog
          title={browsing.verb}
          server={props.server}
          start={props.start}
          pick={browsing.pick}
          onPick={(path) => {
            if (!paths.includes(path)) onChange([...paths, path]);
            setBrowsing(null);
          }}
          onClose={() => setBrowsing(null)}
        />
      )}
    </div>
  );
}
