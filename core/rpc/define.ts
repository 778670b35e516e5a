// The one place where contract files take their procedure builder from; nothing else imports the RPC library directly.
export { eventIterator, oc } from '@orpc/contract';
