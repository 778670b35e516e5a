// The XML header as it stands in the file: read only, with line numbers and a copy button.
import { useState } from 'react';
import { CheckIcon, CopyIcon, IconButton } from '../../ui/index.ts';
import { xmlParts } from './header-fields.ts';

export function XmlView({ xml }: { xml: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(xml);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  const lines = xml.replace(/\n$/, '').split('\n');
  return (
    <div className="in-xml">
      <IconButton
        icon={copied ? <CheckIcon /> : <CopyIcon />}
        label={copied ? 'Copied' : 'Copy the header'}
        onClick={() => void copy()}
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it */}
      {/* biome-ignore lint/a11y/useSemanticElements: no element stands for scrolling text */}
      <pre role="region" tabIndex={0} aria-label="XML header">
        {lines.map((line, number) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines of one unchanging text
          <code key={number}>
            {xmlParts(line).map((part, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: parts of one unchanging line
              <span key={index} className={`is-${part.kind}`}>
                {part.text}
              </span>
            ))}
            {'\n'}
          </code>
        ))}
      </pre>
    </div>
  );
}
