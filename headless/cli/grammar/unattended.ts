// Grammar of the commands about work that nobody watches: drills, schedules, retention, the DSMASTER planner.
import type { Command } from 'commander';
import { type DrillFlags, drillCommand } from '../commands/drill.ts';
import { dsmasterCommand } from '../commands/dsmaster.ts';
import { type RetentionFlags, retentionCommand, schedulesCommand } from '../commands/schedules.ts';
import { dataOption, type Run } from './shared.ts';

export function addUnattendedCommands(program: Command, run: Run): void {
  program.commandsGroup('Unattended work:');
  program
    .command('drill')
    .description('restore into a throw-away folder, check it, and report')
    .argument('<SERVER/INSTANCE>', 'the database whose backups are tried')
    .option('--random', 'to a moment picked at random instead of the last commit')
    .option('--until <TIME>', 'to this moment (ISO)')
    .option('--last', 'run none: print the last report')
    .addOption(dataOption())
    .action((instance: string, flags: DrillFlags) => run((progress) => drillCommand(instance, flags, progress)));
  program
    .command('schedules')
    .description('schedules of backups, when they run next, and how they went')
    .argument('[SERVER/INSTANCE]', 'only of this database')
    .option('--run <NAME>', 'run this one now')
    .addOption(dataOption())
    .action((instance: string | undefined, flags: { data?: string; run?: string }) =>
      run((progress) => schedulesCommand(instance, flags, progress)),
    );
  program
    .command('retention')
    .description('what would go of old backups, and why the rest stays')
    .argument('<SERVER/INSTANCE>', 'the database whose backups are judged')
    .option('--keep <N>', 'judge as if the newest N full backups were kept')
    .option('--days <N>', 'judge as if N days were kept')
    .option('--apply', 'remove by the policy in force')
    .addOption(dataOption())
    .action((instance: string, flags: RetentionFlags) =>
      run((progress) => retentionCommand(instance, flags, progress)),
    );
  program
    .command('dsmaster')
    .description('plan DSMASTER servers from a JSON file')
    .argument('<FILE>', 'servers with their replicas, as the planner of the console copies them')
    .action((file: string) => run(() => dsmasterCommand(file)));
}
