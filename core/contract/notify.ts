// Notifications as data: the channels that a failure and its end are told to, and what came of each delivery.
import { z } from 'zod';
import { oc } from '../rpc/define.ts';
import { timeSchema } from './common.ts';

const common = {
  /** Null for a new one. */
  id: z.string().nullable(),
  name: z.string().trim().min(1, 'a name is needed').max(60),
  enabled: z.boolean(),
  /** The least that it is told of. */
  from: z.enum(['critical', 'warning']),
  /** Good runs of schedules and drills that ask for it, too. */
  onSuccess: z.boolean(),
};

export const channelInputSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('desktop'), ...common }),
  z.object({
    kind: z.literal('webhook'),
    ...common,
    url: z.url({ protocol: /^https?$/, error: 'an http or https address is needed' }),
    /** New signing key; null keeps the one there is, an empty text removes it. */
    secret: z.string().max(500).nullable(),
  }),
  z.object({
    kind: z.literal('email'),
    ...common,
    host: z.string().trim().min(1, 'a host is needed').max(255),
    port: z.number().int().min(1).max(65_535),
    /** `tls`: from the first byte; `starttls`: required before anything is said; `none`: in the clear. */
    security: z.enum(['tls', 'starttls', 'none']),
    user: z.string().max(255).nullable(),
    /** New password; null keeps the one there is, an empty text removes it. */
    secret: z.string().max(500).nullable(),
    sender: z.email('an address is needed'),
    to: z.array(z.email('an address is needed')).min(1, 'an address is needed').max(50),
  }),
]);
export type ChannelInput = z.infer<typeof channelInputSchema>;

/** Never with its secret: only whether there is one. */
const viewed = { id: z.string(), secret: z.null(), hasSecret: z.boolean(), problem: z.string().nullable() };
export const channelViewSchema = z.discriminatedUnion('kind', [
  channelInputSchema.options[0].extend({ id: z.string(), problem: z.string().nullable() }),
  channelInputSchema.options[1].extend(viewed),
  channelInputSchema.options[2].extend(viewed),
]);
export type ChannelView = z.infer<typeof channelViewSchema>;

export const noticeSchema = z.object({
  id: z.string(),
  at: timeSchema,
  kind: z.enum(['failure', 'recovery', 'success', 'test']),
  level: z.enum(['critical', 'warning', 'info']),
  source: z.string(),
  text: z.string(),
  /** When the condition began; of a recovery. */
  since: timeSchema.nullable(),
});
export type Notice = z.infer<typeof noticeSchema>;

export const deliverySchema = z.object({
  id: z.number().int(),
  channelId: z.string(),
  channel: z.string(),
  notice: noticeSchema,
  status: z.enum(['pending', 'sent', 'failed']),
  attempts: z.number().int(),
  /** Of the last attempt. */
  at: timeSchema.nullable(),
  /** When it is tried again. */
  nextAt: timeSchema.nullable(),
  error: z.string().nullable(),
});
export type Delivery = z.infer<typeof deliverySchema>;

export const notifyContract = {
  channels: oc.input(z.object({})).output(z.array(channelViewSchema)),
  /** Throws INVALID_INPUT, DUPLICATE. */
  save: oc.input(channelInputSchema).output(z.object({ id: z.string() })),
  remove: oc.input(z.object({ id: z.string() })).output(z.object({})),
  /** Sends a test at once, without trying again; `error` says why it did not arrive. */
  test: oc.input(z.object({ id: z.string() })).output(z.object({ ok: z.boolean(), error: z.string().nullable() })),
  /** Newest first. */
  deliveries: oc
    .input(z.object({ limit: z.number().int().min(1).max(500).default(100) }))
    .output(z.array(deliverySchema)),
};
