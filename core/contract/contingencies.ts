// The agent's part of clearing up: deleting a kept copy that an administrator no longer wants.
import { z } from 'zod';
import { oc } from '../rpc/define.ts';
import { nameSchema } from './common.ts';

export const agentContingencyContract = {
  /** Deletes one kept copy for good; throws NOT_FOUND, and RESTORE_ACTIVE while a restore of the instance runs. */
  removeContingency: oc
    .input(z.object({ instance: nameSchema, id: z.string() }))
    .output(z.object({ bytes: z.number() })),
};
