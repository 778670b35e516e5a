// Says aloud, to those who listen to the page, which job has just ended and how.
import { useEffect, useRef, useState } from 'react';
import type { Job } from '../../../core/contract/jobs.ts';
import { useSite } from '../../app/app.ts';
import { isOver, statusText } from './job-text.ts';

const SAID = 3;

/** The first few by name; many that end at once are a number. */
function newsOf(ended: readonly Pick<Job, 'title' | 'status'>[]): string {
  const said = ended.slice(0, SAID).map((job) => `${job.title}: ${statusText[job.status]}`);
  return [...said, ...(ended.length > SAID ? [`${ended.length - SAID} more jobs have ended`] : [])].join('. ');
}

/** Draws nothing that is seen. */
export function JobNews() {
  const jobs = useSite((snapshot) => snapshot.jobs);
  // Null until the first look: what was over then is no news.
  const told = useRef<ReadonlySet<string> | null>(null);
  const [news, setNews] = useState('');
  useEffect(() => {
    const over = jobs.filter(isOver);
    const fresh = over.filter((job) => told.current !== null && !told.current.has(job.id));
    told.current = new Set(over.map((job) => job.id));
    if (fresh.length > 0) setNews(newsOf(fresh));
  }, [jobs]);
  return (
    <div className="hf-sr" aria-live="polite">
      {news}
    </div>
  );
}
