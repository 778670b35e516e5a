// The key that the cycles of a failover group are encrypted under: named by its salt everywhere, and had from the password by each agent itself.
import { z } from 'zod';
import { oc } from '../rpc/define.ts';
import { nameSchema } from './common.ts';

const saltSchema = z.string().regex(/^[0-9a-f]{32}$/);

/** Names a key; nothing of it can be had from this. */
export const groupKeySchema = z.object({ name: z.string(), salt: saltSchema });
export type GroupKey = z.infer<typeof groupKeySchema>;

/** What an agent needs beside the password; as little secret as the header of an encrypted backup. */
export const keyRecipeSchema = z.object({
  name: z.string(),
  scrypt: z.object({
    cost: z.number().int(),
    blockSize: z.number().int(),
    parallelization: z.number().int(),
    salt: saltSchema,
  }),
  check: z.string(),
});
export type KeyRecipe = z.infer<typeof keyRecipeSchema>;

export const agentGroupKeys = {
  /** Of the definition with this salt, or of the preferred one. Throws NOT_FOUND. */
  groupKeyRecipe: oc
    .input(z.object({ instance: nameSchema, salt: saltSchema.nullable() }))
    .output(z.object({ recipe: keyRecipeSchema })),
  /** Derives the key and keeps it on this server. Throws WRONG_PASSWORD. */
  keepGroupKey: oc.input(z.object({ recipe: keyRecipeSchema, password: z.string() })).output(z.object({})),
  /** Backups of the instance are encrypted under the kept key from now on. Throws PASSWORD_REQUIRED when it is not kept here. */
  useGroupKey: oc.input(z.object({ instance: nameSchema, salt: saltSchema })).output(z.object({})),
};

/** What came of giving the key to the members of a group. */
export const groupKeyResultSchema = z.object({
  members: z.array(z.object({ server: z.string(), problem: z.string().nullable() })),
});
export type GroupKeyResult = z.infer<typeof groupKeyResultSchema>;

export const consoleGroupKeys = {
  /**
   * Encrypts the backups of the group's cycles under the definition that the active database prefers, and gives its key to every member
   * that answers; with encryption on, gives it once more. Null turns encryption off. Throws NOT_FOUND, WRONG_PASSWORD, SERVER_UNREACHABLE.
   */
  encrypt: oc
    .input(z.object({ groupId: z.string(), password: z.string().min(1).nullable() }))
    .output(groupKeyResultSchema),
};
