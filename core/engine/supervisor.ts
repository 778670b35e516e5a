// Keeps one server's agent going: launches it, asks how it is, follows its events, restarts it when it dies by itself.
import type { AgentProcess } from '../agent/types.ts';
import type { AgentEvent, AgentStatus } from '../contract/agent.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { ServerView } from '../contract/site.ts';
import type { ServerProbe } from '../failover/types.ts';
import type { Clock } from '../platform/clock.ts';
import type { AgentApi } from '../rpc/types.ts';

export interface SupervisorOptions {
  name: string;
  clock: Clock;
  /** Launches the agent as it should be now. */
  launch(): Promise<AgentProcess>;
  /** Time between two probes, ms. */
  probeMs(): number;
  onStatus(status: AgentStatus): void;
  onEvent(event: AgentEvent): void;
  /** Its state has changed. */
  changed(): void;
}

export interface Supervisor {
  probe(): ServerProbe;
  state(): ServerView['state'];
  /** What stood in the way of the last launch; null when it worked. */
  launchError(): unknown;
  /** Null while no process runs. */
  api(): AgentApi | null;
  pid(): number | null;
  /** Resolves with the next process end; at once when none runs. */
  exited(): Promise<void>;
  /** Asks for a status now, after something was changed there; what it says counts as a probe's answer. */
  refresh(): Promise<void>;
  /** Wants it to run. Idempotent. */
  start(): void;
  /** Orderly end; it stays off. */
  stop(): Promise<void>;
  /** Ends it at once; it stays off. */
  cut(): Promise<void>;
  /** Resolves when it has answered; throws SERVER_UNREACHABLE after `timeoutMs`, or the reason why it does not start. */
  ready(timeoutMs: number): Promise<AgentApi>;
  /** Runs `work` while no agent holds the server's root, and none is launched; throws SERVER_UNREACHABLE when one runs. */
  withoutAgent<T>(work: () => Promise<T>): Promise<T>;
  /** Ends the watching for good; call after `stop`. */
  dispose(): void;
}

const OFFLINE_MISSES = 3;
const MAX_BACKOFF_MS = 30_000;
/** A process that lived this long was healthy: its end starts the back-off anew. */
const HEALTHY_MS = 10_000;
/**
 * A probe that is unanswered for this long means that the process hangs; ending it is safe, the agent recovers. Counted in
 * probe intervals, not read from a clock: time that the whole machine slept is not time that the agent was silent.
 */
const HANG_MS = 30_000;
const SHUTDOWN_MS = 15_000;
/** So many launches in a row that fail mean that there is no agent; with the back-off some eight seconds. */
const KNOWN_END_FAILURES = 5;

export function supervise(options: SupervisorOptions): Supervisor {
  const { clock } = options;
  const lifetime = new AbortController();
  let wanted = false;
  let process: AgentProcess | null = null;
  let answered = false;
  /** Since it was last wanted: it has answered, and its process has ended by itself. */
  let everAnswered = false;
  let died = false;
  let launching: Promise<void> | null = null;
  let launchError: unknown = null;
  let failures = 0;
  let nextLaunchAt = 0;
  let startedAt = 0;
  let holds = 0;
  let asking: { process: AgentProcess; ticks: number } | null = null;
  let asked = 0;
  let newest = 0;
  let status: AgentStatus | null = null;
  let lastContact: number | null = null;
  let misses = 0;
  let waiters: (() => void)[] = [];

  function changed(): void {
    const told = waiters;
    waiters = [];
    for (const tell of told) tell();
    options.changed();
  }

  function launchSoon(): void {
    if (!wanted || process || launching || holds > 0 || lifetime.signal.aborted) return;
    if (clock.monotonic() < nextLaunchAt) return;
    launching = launchNow().finally(() => {
      launching = null;
      changed();
    });
    changed();
  }

  async function launchNow(): Promise<void> {
    try {
      const launched = await options.launch();
      if (!wanted || lifetime.signal.aborted) return await end(launched);
      adopt(launched);
    } catch (error) {
      launchError = error;
      backOff();
    }
  }

  function backOff(): void {
    // The first restart is immediate: one crash must fit into the detection window of a failover.
    nextLaunchAt = failures === 0 ? 0 : clock.monotonic() + Math.min(MAX_BACKOFF_MS, 250 * 2 ** failures);
    failures++;
  }

  function adopt(launched: AgentProcess): void {
    process = launched;
    answered = false;
    launchError = null;
    startedAt = clock.monotonic();
    void launched.exited.then(() => {
      if (process !== launched) return;
      process = null;
      died = true;
      if (clock.monotonic() - startedAt >= HEALTHY_MS) failures = 0;
      backOff();
      launchSoon();
      changed();
    });
    ask();
    void follow(launched);
  }

  /** The events end with the process; another reason ends one stream, not the following. */
  async function follow(launched: AgentProcess): Promise<void> {
    const ended = new AbortController();
    void launched.exited.then(() => ended.abort());
    while (!ended.signal.aborted && !lifetime.signal.aborted) {
      try {
        for await (const event of await launched.api.events({}, { signal: ended.signal })) options.onEvent(event);
      } catch {
        // The probes tell whether the agent is there; here only the stream is opened again.
      }
      await clock.sleep(1000, ended.signal).catch(() => {});
    }
  }

  function take(running: AgentProcess, number: number, answer: AgentStatus): void {
    // Another process runs by now, or a later question was answered first.
    if (process !== running || number < newest) return;
    const news = !answered || misses > 0;
    newest = number;
    status = answer;
    answered = true;
    everAnswered = true;
    lastContact = clock.now();
    misses = 0;
    options.onStatus(answer);
    if (news) changed();
  }

  function ask(): void {
    const running = process;
    if (!running || asking?.process === running) return;
    asking = { process: running, ticks: 0 };
    const answered = () => {
      if (asking?.process === running) asking = null;
    };
    const number = ++asked;
    running.api.status({}, { signal: lifetime.signal }).then(
      (answer) => {
        answered();
        take(running, number, answer);
      },
      () => {
        answered();
        miss();
      },
    );
  }

  function miss(): void {
    misses++;
    if (misses === OFFLINE_MISSES) changed();
  }

  function tick(): void {
    if (!wanted) return;
    launchSoon();
    // The first launch takes its time; a failed one counts.
    if (!everAnswered && launching) return;
    if (process && asking?.process !== process) {
      ask();
      return;
    }
    miss();
    if (process && asking && ++asking.ticks * options.probeMs() > HANG_MS) process.kill();
  }

  async function loop(): Promise<void> {
    while (!lifetime.signal.aborted) {
      await clock.sleep(options.probeMs(), lifetime.signal).catch(() => {});
      if (!lifetime.signal.aborted) tick();
    }
  }

  async function end(ending: AgentProcess): Promise<void> {
    const late = new AbortController();
    const timeout = clock.sleep(SHUTDOWN_MS, late.signal).then(
      () => ending.kill(),
      () => {},
    );
    // The answer may be lost with the process: its end is what counts.
    ending.api.shutdown({}).catch(() => {});
    await ending.exited;
    late.abort();
    await timeout;
  }

  async function off(finish: (running: AgentProcess) => Promise<void>): Promise<void> {
    wanted = false;
    failures = 0;
    nextLaunchAt = 0;
    await launching;
    const running = process;
    if (running) await finish(running);
    misses = 0;
    changed();
  }

  const supervisor: Supervisor = {
    probe: () => ({ status, misses, lastContact, state: probeState() }),
    state() {
      if (!wanted) return 'stopped';
      if (process && answered) return misses >= OFFLINE_MISSES ? 'offline' : 'online';
      return misses >= OFFLINE_MISSES ? 'offline' : 'starting';
    },
    launchError: () => launchError,
    api: () => process?.api ?? null,
    pid: () => process?.pid ?? null,
    exited: () => process?.exited ?? Promise.resolve(),
    async refresh() {
      const running = process;
      const number = ++asked;
      if (running) take(running, number, await running.api.status({}, { signal: lifetime.signal }));
    },
    start() {
      if (wanted) return;
      wanted = true;
      everAnswered = false;
      died = false;
      misses = 0;
      nextLaunchAt = 0;
      launchSoon();
    },
    stop: () => off(end),
    cut: () =>
      off(async (running) => {
        running.kill();
        await running.exited;
      }),
    async ready(timeoutMs) {
      const deadline = clock.monotonic() + timeoutMs;
      for (;;) {
        if (process && answered) return process.api;
        if (!wanted) throw unreachable('is switched off');
        if (launchError && !launching && !process) throw launchError;
        const left = deadline - clock.monotonic();
        if (left <= 0) throw unreachable('does not answer');
        const timer = new AbortController();
        const news = new Promise<void>((resolve) => waiters.push(resolve));
        await Promise.race([news, clock.sleep(left, timer.signal).catch(() => {})]);
        timer.abort();
      }
    },
    async withoutAgent(work) {
      holds++;
      try {
        await launching;
        if (process) throw unreachable('runs, and is asked itself');
        return await work();
      } finally {
        holds--;
        launchSoon();
      }
    },
    dispose: () => lifetime.abort(),
  };

  function probeState(): ServerProbe['state'] {
    if (process && answered) return misses >= OFFLINE_MISSES ? 'offline' : 'online';
    if (process || launching) return 'starting';
    // Before a first process, a launch can fail because the agent of a crashed engine is still ending: not a known end.
    return wanted && !died && failures < KNOWN_END_FAILURES ? 'starting' : 'gone';
  }

  function unreachable(what: string): HoldfastError {
    return new HoldfastError('SERVER_UNREACHABLE', `The agent of ${options.name} ${what}`);
  }

  void loop();
  return supervisor;
}
