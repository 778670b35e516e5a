// The program behind `npm start` where no desktop app can open.
import { parseArgs } from 'node:util';
import { HoldfastError } from '../core/contract/errors.ts';
import { serve } from './serve.ts';

const { values } = parseArgs({
  allowNegative: true,
  options: {
    data: { type: 'string' },
    port: { type: 'string' },
    demo: { type: 'boolean', default: false },
    open: { type: 'boolean', default: true },
  },
});

try {
  await serve({
    data: values.data ?? null,
    port: values.port === undefined ? null : parsePort(values.port),
    demo: values.demo,
    open: values.open,
  });
  process.exit(0);
} catch (error) {
  console.error(error instanceof HoldfastError ? `${error.message}\n${error.hint}` : error);
  process.exit(1);
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new HoldfastError('INVALID_INPUT', `--port ${text} is not a port number`);
  return port;
}
