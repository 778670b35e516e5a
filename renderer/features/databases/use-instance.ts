// Which instance a page is about: the one of the route, else the first that clients use.
import type { InstanceView } from '../../../core/contract/site.ts';
import { useSite } from '../../app/app.ts';
import type { Route } from '../../app/route.ts';

/** `instance` is null when there is none, or when the route names one that is gone. */
export function useInstance(route: Route): { instance: InstanceView | null; instances: readonly InstanceView[] } {
  const instances = useSite((snapshot) => snapshot.instances);
  const fallback = instances.find((each) => each.status.role === 'primary') ?? instances[0] ?? null;
  const instance = route.instanceId ? (instances.find((each) => each.id === route.instanceId) ?? null) : fallback;
  return { instance, instances };
}
