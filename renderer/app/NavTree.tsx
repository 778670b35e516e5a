// The tree between the rail and the page, for the tasks that have one.
import { useStore } from 'zustand';
import { Tree } from '../ui/index.ts';
import { useApp, useRoute } from './app.ts';
import { currentNode, navNodes } from './nav-nodes.tsx';
import { taskOf } from './route.ts';

export function NavTree() {
  const app = useApp();
  const route = useRoute();
  const snapshot = useStore(app.site, (state) => state.snapshot);
  const nodes = snapshot && navNodes(taskOf(route.page), snapshot, route, app.navigate);
  if (!nodes) return null;
  return (
    <aside className="app-tree" aria-label="Tree">
      <Tree label="Objects" nodes={nodes} current={currentNode(route)} />
    </aside>
  );
}
