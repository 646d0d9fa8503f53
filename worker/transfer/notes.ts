/**
 * What a transfer tells the objects of its nodes of how others fared with them. Nobody waits for it, and it may be lost with
 * this object: who refuses, dawdles or cheats does so again.
 */
import type { WorkerEnv } from '../environment.ts';
import { logFailure } from '../http/log.ts';
import type { Complaint, VisitOutcome } from '../node/testimony.ts';
import { nodeOf } from '../objects/named.ts';
import type { NodeObject } from '../objects/node.ts';
import type { Measured } from './paces.ts';

export class Notes {
  readonly #env: WorkerEnv;
  readonly #ctx: DurableObjectState;
  constructor(env: WorkerEnv, ctx: DurableObjectState) {
    this.#env = env;
    this.#ctx = ctx;
  }

  /** Hints at nodes that do not serve. @param nodeIds - b64. */
  refusals(nodeIds: readonly string[], complaint: Complaint): void {
    for (const nodeId of nodeIds) this.#tell(nodeId, 'noting a refusal', (node) => node.noteRefusal(complaint));
  }

  /** How fast they were, as a client that finished a transfer measured it. */
  paces({ transferId, direction, source, paces }: Measured): void {
    for (const { nodeId, ratio } of paces) this.#tell(nodeId, 'noting a speed', (node) => node.noteSpeed({ transferId, direction, source, ratio }));
  }

  visit(nodeId: string, outcome: VisitOutcome): void {
    this.#tell(nodeId, 'noting a visit', (node) => node.noteVisit(outcome));
  }

  failedHandover(nodeId: string, complaint: Complaint): void {
    this.#tell(nodeId, 'noting a handover', (node) => node.noteFailedHandover(complaint));
  }

  forgery(nodeId: string, transferId: string): void {
    this.#tell(nodeId, 'noting a forgery', (node) => node.noteForgery(transferId));
  }

  #tell(nodeId: string, what: string, say: (node: DurableObjectStub<NodeObject>) => Promise<void>): void {
    const saying = say(nodeOf(this.#env, nodeId));
    this.#ctx.waitUntil(saying.catch((thrown: unknown) => logFailure(what, thrown)));
  }
}
