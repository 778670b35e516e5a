// What a backup says in clear about how its pages are encrypted: enough to find the key and to tell a wrong one, no secret.
import { z } from 'zod';

/** The most memory that a header may make scrypt take: 128 × cost × blockSize bytes. */
const MAX_SCRYPT_BYTES = 64 * 1024 * 1024;

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));

export const scryptSchema = z
  .object({
    cost: z
      .number()
      .int()
      .min(2)
      .refine((cost) => (cost & (cost - 1)) === 0),
    blockSize: z.number().int().min(1).max(32),
    parallelization: z.number().int().min(1).max(16),
    salt: hex(16),
  })
  .refine(({ cost, blockSize }) => 128 * cost * blockSize <= MAX_SCRYPT_BYTES);
export type ScryptParameters = z.infer<typeof scryptSchema>;

export const encryptionRecordSchema = z.object({
  cipher: z.literal('aes-256-gcm'),
  /** How the master key comes from the password or the content of the key file. */
  scrypt: scryptSchema,
  /** Random for each backup: the keys of this backup come from the master key and this. */
  seed: hex(32),
  /** Tells the right key from a wrong one. */
  check: hex(16),
  /** Vouches for the whole set: no block, and nothing that a restore goes by, was changed, taken away or put in. */
  seal: hex(32).optional(),
  /** Name of the encryption definition that was used; null for a password given by hand. */
  definition: z.string().nullable(),
});
export type EncryptionRecord = z.infer<typeof encryptionRecordSchema>;
