// What endangers a database: each hazard with what to do, who has the database open, and what was looked at.
import type { Hazard, HazardReport } from '../../../core/contract/logging.ts';
import type { Query } from '../../app/use-query.ts';
import { Age, Button, ErrorBar, KeyValue, LevelIcon, RetryIcon, Section, Spinner } from '../../ui/index.ts';

function HazardRow({ hazard }: { hazard: Hazard }) {
  return (
    <li className="lg-hazard">
      <LevelIcon level={hazard.level} />
      <div>
        <p>
          {hazard.backends && <strong>{hazard.backends.join(', ')}: </strong>}
          {hazard.message}
        </p>
        <p className="hf-secondary">{hazard.action}</p>
      </div>
    </li>
  );
}

export function Hazards({ report, live }: { report: Query<HazardReport>; live: boolean }) {
  const { data } = report;
  return (
    <Section
      title="Hazards"
      aside={
        <>
          {data && (
            <span className="hf-muted lg-note">
              <Age since={data.at} suffix=" ago" />
            </span>
          )}
          <Button
            kind="subtle"
            icon={<RetryIcon />}
            disabled={!live}
            busy={report.loading && !!data}
            onClick={report.reload}
          >
            Look again
          </Button>
        </>
      }
    >
      {report.error && <ErrorBar error={report.error} actions={<Button onClick={report.reload}>Try again</Button>} />}
      {!data && report.loading && <Spinner label="Looking for hazards" />}
      {data && data.hazards.length === 0 && (
        <p className="lg-hazard">
          <LevelIcon level="ok" label="" />
          Nothing was found that endangers this database.
        </p>
      )}
      {data && data.hazards.length > 0 && (
        <ul className="lg-hazards" aria-label="Hazards">
          {data.hazards.map((hazard) => (
            <HazardRow key={`${hazard.code} ${hazard.message}`} hazard={hazard} />
          ))}
        </ul>
      )}
      {data && (
        <details className="lg-details">
          <summary>Who uses it, and what was looked at</summary>
          <KeyValue
            items={[
              ...data.openers.map(({ pid, program, sqliteVersions }): [string, string] => [
                `${program} ${pid}`,
                sqliteVersions.length > 0 ? `SQLite ${sqliteVersions.join(', ')}` : 'its SQLite cannot be told',
              ]),
              ...(data.openers.length === 0 ? ([['Other programs', 'none has it open']] as [string, string][]) : []),
              ...data.facts.map(({ label, value }): [string, string] => [label, value]),
            ]}
          />
        </details>
      )}
    </Section>
  );
}
