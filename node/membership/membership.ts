/** Keeps the node known to its coordinator: registers, then says at intervals that it lives; anew when it was forgotten. */
import {
  encodeB64,
  EPOCH_MS,
  parseMessage,
  heartbeatAnswerSchema,
  registeredSchema,
  SendError,
  type Heartbeat,
  type Registration,
  type RebuildReport,
} from '../../shared/protocol/index.ts';
import type { Clock } from '../clock.ts';
import type { CoordinatorPin, NodeKey } from '../identity/key-files.ts';
import { describeError, type Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { backoffMs, pause, type CoordinatorClient } from './coordinator-client.ts';

/** Where nobody says another. */
const HEARTBEAT_MS = 30_000;
/** So many tries spread over some twenty minutes: longer than a rebuild's lease can be worth. */
const REPORT_TRIES = 24;
/** Heartbeats of many nodes that were started together drift apart by up to this share of the interval. */
const JITTER = 0.2;

export interface MembershipOptions {
  readonly client: CoordinatorClient;
  readonly key: NodeKey;
  readonly pin: CoordinatorPin;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** The operator's wish; left out, the coordinator's. */
  readonly heartbeatMs?: number | undefined;
  readonly registration: () => Promise<Registration>;
  readonly heartbeat: () => Promise<Heartbeat>;
  /** Called with the length of an epoch, in ms, at every registration and heartbeat. */
  readonly onEpochs: (epochMs: number) => void;
}

/** What the coordinator says at every contact. */
interface Terms {
  readonly heartbeatMs?: number | undefined;
  readonly epochMs?: number | undefined;
}

export class Membership {
  readonly #options: MembershipOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Sends a rebuild's outcome until it is taken. @throws SendError when the coordinator refuses it, or never listens. */
  async report(transferId: string, report: RebuildReport): Promise<void> {
    const { client, clock } = this.#options;
    for (let tries = 1; ; tries++) {
      try {
        await client.post(`/api/transfers/${transferId}/rebuilds`, report, this.#stop.signal);
        return;
      } catch (thrown) {
        if (tries === REPORT_TRIES || this.#stop.signal.aborted || !(thrown instanceof SendError && thrown.retryable)) throw thrown;
      }
      await pause(clock, backoffMs(tries), this.#stop.signal);
    }
  }

  async #run(): Promise<void> {
    const { clock, log, metrics, onEpochs } = this.#options;
    const { signal } = this.#stop;
    let heartbeatMs = this.#options.heartbeatMs ?? HEARTBEAT_MS;
    let registered = false;
    let failures = 0;
    while (!signal.aborted) {
      try {
        const terms = registered ? await this.#beat() : await this.#register();
        heartbeatMs = this.#options.heartbeatMs ?? terms.heartbeatMs ?? HEARTBEAT_MS;
        onEpochs(terms.epochMs ?? EPOCH_MS);
        if (!registered) log('registered');
        registered = true;
        failures = 0;
        metrics.add('heartbeats_total', 1, ['outcome', 'accepted']);
      } catch (thrown) {
        if (signal.aborted) break;
        const code = thrown instanceof SendError ? thrown.code : 'internal';
        metrics.add('heartbeats_total', 1, ['outcome', code]);
        log(registered ? 'heartbeat_failed' : 'registration_failed', code === 'internal' ? describeError(thrown) : { code });
        const forgotten = registered && code === 'not_found';
        if (forgotten) registered = false;
        failures++;
        // Forgotten is no failure of the line: register at once, the first time.
        await pause(clock, forgotten && failures === 1 ? 0 : Math.min(backoffMs(failures), heartbeatMs), signal);
        continue;
      }
      await pause(clock, heartbeatMs * (1 - JITTER * Math.random()), signal);
    }
  }

  async #register(): Promise<Terms> {
    const { client, key, pin, registration } = this.#options;
    const coordinatorKey = await client.meet(this.#stop.signal);
    const answer = parseMessage(registeredSchema, await client.post('/api/nodes', await registration(), this.#stop.signal), 'unavailable');
    if (answer.nodeId !== encodeB64(key.nodeId)) throw new SendError('conflict', 'the coordinator registered another node');
    // Who asks for signatures in another's name is not obeyed in its own.
    if (answer.coordinatorKey !== encodeB64(coordinatorKey)) throw new SendError('conflict', 'the coordinator shows two keys');
    await pin.pin(coordinatorKey);
    return answer;
  }

  async #beat(): Promise<Terms> {
    const { client, heartbeat } = this.#options;
    return parseMessage(heartbeatAnswerSchema, await client.post('/api/nodes/heartbeat', await heartbeat(), this.#stop.signal), 'unavailable');
  }
}
