/**
 * The beacon of an epoch, from which audits follow: the coordinator's signature over the epoch's number, which nobody
 * can foresee and anybody can check. A public register may take its place: nothing else knows where it comes from.
 */
import { beaconMessage } from '../../shared/policy/audit.ts';
import { signBytes } from '../../shared/protocol/signature.ts';
import { coordinatorKeyOf, type WorkerEnv } from '../environment.ts';

/** @returns 64 bytes; the same for the same epoch (RFC 8032). For epochs to come it must stay unsaid. */
export const signBeacon = async (env: WorkerEnv, epoch: number): Promise<Uint8Array> => signBytes((await coordinatorKeyOf(env)).privateKey, beaconMessage(epoch));
