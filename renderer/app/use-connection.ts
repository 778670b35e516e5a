// The state of the connection to the engine, for the parts that show it.
import { useSyncExternalStore } from 'react';
import { useApp } from './app.ts';
import type { ConnectionState } from './connect.ts';

export function useConnection(): ConnectionState {
  const { connection } = useApp();
  return useSyncExternalStore(connection.subscribe, connection.getState);
}
