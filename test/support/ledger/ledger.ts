// A database with an invariant and three foreign writers on it, and the check that an image shows exactly one moment of their work.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';

const here = import.meta.dirname;

export interface Acknowledged {
  writer: string;
  seq: number;
  /** Time before BEGIN and after COMMIT, ms since 1970. */
  begun: number;
  ended: number;
}

export interface Ledger {
  database: string;
  acknowledged: Acknowledged[];
  errors: string[];
  stop(): Promise<void>;
  /** SIGKILL of one writer in the middle of whatever it does. */
  crash(): Promise<void>;
  /** Starts it again. */
  resume(): void;
}

export function createLedgerDatabase(database: string): void {
  sqlite(
    database,
    `PRAGMA journal_mode=WAL;
     CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL);
     INSERT INTO account WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT i, 1000 FROM n;
     CREATE TABLE mark (writer TEXT NOT NULL, seq INTEGER NOT NULL, begun INTEGER NOT NULL, PRIMARY KEY (writer, seq)) WITHOUT ROWID;
     CREATE TRIGGER shell_transfer AFTER INSERT ON mark WHEN NEW.writer = 'shell' BEGIN
       UPDATE account SET balance = balance - 7 WHERE id = 1 + NEW.seq % 500;
       UPDATE account SET balance = balance + 7 WHERE id = 1 + (NEW.seq * 31) % 500;
     END;
     CREATE TABLE bulk (id INTEGER PRIMARY KEY, writer TEXT, body BLOB);
     INSERT INTO bulk (writer, body) SELECT 'seed', randomblob(700) FROM account, (SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4);`,
  );
}

/** Two Python writers and one sqlite3 shell, none of them ours. */
export function startWriters(database: string): Ledger {
  const ledger: Ledger = {
    database,
    acknowledged: [],
    errors: [],
    stop: async () => {},
    crash: async () => {},
    resume: () => {},
  };
  const startBeta = () => spawn('python3', [path.join(here, 'writer.py'), database, 'beta', 'churn']);
  let beta = startBeta();
  const children = [
    follow(spawn('python3', [path.join(here, 'writer.py'), database, 'alpha', 'transfer'])),
    shellWriter(),
  ];
  let stopBeta = follow(beta);
  ledger.crash = async () => {
    const exited = new Promise<void>((resolve) => beta.once('close', () => resolve()));
    beta.kill('SIGKILL');
    await exited;
  };
  ledger.resume = () => {
    beta = startBeta();
    stopBeta = follow(beta);
  };
  ledger.stop = async () => {
    await Promise.all([...children, stopBeta].map((stop) => stop()));
  };
  return ledger;

  function follow(child: ChildProcess): () => Promise<void> {
    const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
    createInterface({ input: child.stdout! }).on('line', note);
    createInterface({ input: child.stderr! }).on('line', (line) => ledger.errors.push(line));
    return async () => {
      child.stdin!.end();
      await exited;
    };
  }

  /** The shell gets one transaction after another; it prints the acknowledgement itself once COMMIT has returned. */
  function shellWriter(): () => Promise<void> {
    const child = spawn('sqlite3', ['-batch', database]);
    let stopping = false;
    const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.stdin.write('.timeout 20000\n.bail off\n');
    const next = () => {
      if (stopping) {
        child.stdin.end();
        return;
      }
      // One statement, so that a refused one leaves nothing half done; a trigger makes the transfer.
      child.stdin.write(
        `INSERT INTO mark SELECT 'shell', coalesce(max(seq), 0) + 1, ${Date.now()} FROM mark WHERE writer = 'shell';\n` +
          `SELECT 'ack shell ' || seq || ' ' || begun || ' ' || CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) FROM mark WHERE writer = 'shell' ORDER BY seq DESC LIMIT 1;\n.print next\n`,
      );
    };
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === 'next') setTimeout(next, 5);
      else note(line);
    });
    createInterface({ input: child.stderr }).on('line', (line) => ledger.errors.push(line));
    next();
    return async () => {
      stopping = true;
      await exited;
    };
  }

  function note(line: string): void {
    const [kind, writer, seq, begun, ended] = line.split(' ');
    if (kind === 'ack')
      ledger.acknowledged.push({ writer: writer!, seq: Number(seq), begun: Number(begun), ended: Number(ended) });
    else ledger.errors.push(line);
  }
}

/** Problems of a restored image, empty when it is sound and shows the one moment `consistentAt` (ms) of the writers' work. */
export function problemsOf(image: string, ledger: Ledger, consistentAt: number, slackMs = 2): string[] {
  const problems: string[] = [];
  const integrity = sqlite(image, 'PRAGMA integrity_check');
  if (integrity !== 'ok') problems.push(`integrity_check: ${integrity.slice(0, 200)}`);
  const sum = sqlite(image, 'SELECT sum(balance) FROM account');
  if (sum !== '500000') problems.push(`the balances add up to ${sum}`);
  for (const writer of ['alpha', 'beta', 'shell']) {
    const [count, top, newest] = sqlite(
      image,
      `SELECT count(*), coalesce(max(seq), 0), coalesce(max(begun), 0) FROM mark WHERE writer = '${writer}'`,
    )
      .split('|')
      .map(Number) as [number, number, number];
    if (count !== top) problems.push(`${writer}: ${count} commits but the last is number ${top}`);
    const must = Math.max(
      0,
      ...ledger.acknowledged
        .filter((one) => one.writer === writer && one.ended < consistentAt - slackMs)
        .map((one) => one.seq),
    );
    if (top < must)
      problems.push(
        `${writer}: commit ${must} was acknowledged before the moment of the backup, the image ends at ${top}`,
      );
    if (newest > consistentAt + slackMs)
      problems.push(`${writer}: commit ${top} began ${newest - consistentAt} ms after the moment of the backup`);
  }
  return problems;
}

export function sqlite(database: string, sql: string): string {
  return execFileSync('sqlite3', ['-batch', '-cmd', '.timeout 20000', database, sql], { encoding: 'utf8' }).trim();
}
