// holdfast dsmaster: the DSMASTER planner over a JSON file, with no engine running.
import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { planDsmaster } from '../../../core/advice/dsmaster.ts';
import { dsmasterInputSchema } from '../../../core/contract/dsmaster.ts';
import { HoldfastError } from '../../../core/contract/errors.ts';
import { formatTable } from '../format.ts';
import type { CommandResult } from '../output.ts';

/** The file holds `{"servers":[{"name":"…","dsmaster":true,"replicas":[{"partition":"…","type":"MASTER"}]}]}`. */
export async function dsmasterCommand(file: string): Promise<CommandResult> {
  const input = dsmasterInputSchema.safeParse(parsed(file));
  if (!input.success) throw new HoldfastError('INVALID_INPUT', `${file}: ${z.prettifyError(input.error)}`);
  const plan = planDsmaster(input.data);
  return {
    json: { plan },
    text: [
      `${plan.ready ? 'Prepared' : 'Not prepared'}: ${plan.verdict}`,
      '',
      ...formatTable(
        ['PARTITION', 'DSMASTER', 'COMES BACK FROM', 'MASTER', 'REPLICAS'],
        plan.partitions.map((one) => [
          one.name,
          one.status,
          one.coveredBy.join(', ') || '–',
          one.master ?? '–',
          one.holders.map((holder) => `${holder.server} ${holder.type}`).join(', '),
        ]),
      ),
      '',
      ...plan.warnings.map((warning) => `${warning.level.toUpperCase()}  ${warning.text}`),
      '',
      'Fewest servers that hold the tree:',
      ...plan.proposal.servers.map((server) => `  ${server.name}: ${server.takes.join(', ') || '–'}`),
      ...plan.proposal.changes.map((text) => `  ${text}`),
      '',
      'Back up in this order:',
      ...plan.backupOrder.map((entry) => `  ${entry.position}. ${entry.server}: ${entry.why}`),
      '',
      'After the loss of all servers:',
      ...plan.restoreOrder.flatMap((entry) => [
        `  ${entry.position}. ${entry.server} (${entry.how})`,
        ...entry.steps.map((step) => `     ${step}`),
      ]),
    ],
  };
}

function parsed(file: string): unknown {
  let text: string;
  try {
    text = fs.readFileSync(path.resolve(file), 'utf8');
  } catch (error) {
    throw new HoldfastError('NOT_FOUND', `${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HoldfastError('INVALID_INPUT', `${file} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}
