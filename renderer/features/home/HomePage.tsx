// Home: what needs a person, worst first; the tasks; how servers and databases stand. On the first start: two doors.
import './home.css';
import { useSite } from '../../app/app.ts';
import { Page } from '../../app/Page.tsx';
import { AttentionList } from './AttentionList.tsx';
import { FirstStart } from './FirstStart.tsx';
import { Standing } from './Standing.tsx';
import { TaskTiles } from './TaskTiles.tsx';
import { WaysHome } from './WaysHome.tsx';

export function HomePage() {
  const site = useSite((snapshot) => snapshot.site);
  const empty = useSite((snapshot) => snapshot.instances.length === 0 && !snapshot.demo.open);
  if (site.firstStart || empty) return <FirstStart />;
  return (
    <Page title={site.name}>
      <AttentionList />
      <TaskTiles />
      <Standing />
      <WaysHome />
    </Page>
  );
}
