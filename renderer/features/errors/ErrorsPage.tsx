// Error codes: what each number means, what causes it and what to do; searched by number, hex form, name or words.
import { useEffect, useState } from 'react';
import { type ErrorEntry, findErrors } from '../../../core/contract/error-table.ts';
import { Page } from '../../app/Page.tsx';
import type { PageComponent } from '../../app/pages.ts';
import { CommandLine, EmptyState, KeyValue, Table, TextField } from '../../ui/index.ts';
import './errors.css';

const exits: Record<number, string> = { 1: 'failed', 2: 'wrong usage', 3: 'refused by a rule', 130: 'canceled' };

function Detail({ entry }: { entry: ErrorEntry }) {
  return (
    <section className="err-detail" aria-label={`${entry.code} ${entry.name}`}>
      <h2>
        <span className="hf-num">{entry.code}</span> <span className="hf-mono">{entry.name}</span>
      </h2>
      <p className="err-cause">{entry.cause}</p>
      <h3>What to do</h3>
      <p>{entry.hint}</p>
      {entry.reserved && <p className="hf-muted">Reserved: nothing reports this number. {entry.reserved}</p>}
      <KeyValue
        items={[
          [
            'Hex form',
            <span key="hex" className="hf-mono">
              {entry.hex}
            </span>,
          ],
          ...(entry.field ? [['Also known as', entry.field] as [string, string]] : []),
          ['Command line', `exit code ${entry.exit}, ${exits[entry.exit] ?? ''}`],
        ]}
      />
      <CommandLine command={`holdfast errors ${entry.name}`} />
    </section>
  );
}

export const ErrorsPage: PageComponent = ({ route }) => {
  const [search, setSearch] = useState(route.search ?? '');
  const [chosen, setChosen] = useState<string | null>(route.search ?? null);
  useEffect(() => {
    if (route.search === undefined) return;
    setSearch(route.search);
    setChosen(route.search);
  }, [route.search]);
  const found = findErrors(search);
  const entry = found.find((one) => one.name === chosen) ?? (search.trim() === '' ? undefined : found[0]);
  return (
    <Page
      title="Error codes"
      aside={<span className="hf-secondary">{found.length === 1 ? '1 code' : `${found.length} codes`}</span>}
    >
      <div className="err">
        <TextField
          label="Search the error codes"
          hideLabel
          type="search"
          value={search}
          onChange={setSearch}
          placeholder="A number, a name or words: -6034, FFFFE86E, log missing"
          width="min(460px, 100%)"
          autoFocus
        />
        <div className="err-body">
          <Table
            label="Error codes"
            rows={found}
            rowKey={(one) => one.name}
            selected={entry?.name ?? null}
            onSelect={setChosen}
            empty={`Nothing is known by “${search.trim()}”.`}
            columns={[
              {
                key: 'code',
                header: 'Code',
                width: '72px',
                align: 'end',
                cell: (one) => <span className="hf-num">{one.code}</span>,
                sort: (one) => -one.code,
              },
              {
                key: 'name',
                header: 'Name',
                width: 'minmax(180px, 1fr)',
                cell: (one) => <span className="hf-mono">{one.name}</span>,
                sort: (one) => one.name,
              },
              { key: 'cause', header: 'Cause', width: 'minmax(200px, 2fr)', cell: (one) => one.cause },
            ]}
          />
          {entry ? (
            <Detail entry={entry} />
          ) : (
            <EmptyState title="What went wrong?">
              Choose an error, or search for its number. Each number in a message of the console leads here.
            </EmptyState>
          )}
        </div>
      </div>
    </Page>
  );
};
