/** The journal of an upload as sealed entries, beside the records of sends: one for what is sent, one a segment. */
import * as v from 'valibot';
import { ByteReader, ID_BYTES, KEY_BYTES, asShardId, concatBytes, decodeB64, utf8 } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import { timeMs } from '../../protocol/fields.ts';
import { manifestFilesSchema } from '../../protocol/manifest.ts';
import { parseMessage, placementSchema } from '../../protocol/messages.ts';
import type { NamedSegment, UploadJournal, UploadPlan } from '../send/upload-journal.ts';
import type { Vault } from './vault.ts';

const { requiredShards, totalShards, safeShards, survives, relaxed } = placementSchema.entries;
const planSchema = v.object({
  version: v.literal(1),
  kind: v.optional(v.literal('note')),
  begunAtMs: timeMs,
  files: manifestFilesSchema,
  placement: v.object({ requiredShards, totalShards, safeShards, survives, relaxed }),
});

const FOLDER = 'uploads/';

/** Transfers of which a journal, or what is left of one, is kept. */
export const journalled = async (vault: Vault): Promise<Set<string>> => new Set((await vault.names(FOLDER)).map(transferOf));
/** Transfers whose journal is whole. */
export const resumable = async (vault: Vault): Promise<Set<string>> => new Set((await vault.names(FOLDER)).filter((name) => name.endsWith('/plan')).map(transferOf));
const transferOf = (name: string): string => name.split('/')[1]!;

export class VaultJournal implements UploadJournal {
  readonly #vault: Vault;
  readonly #folder: string;

  /** @param transferId - b64. */
  constructor(vault: Vault, transferId: string) {
    decodeB64(transferId, ID_BYTES);
    this.#vault = vault;
    this.#folder = `${FOLDER}${transferId}/`;
  }

  async begin({ kind, begunAtMs, files, placement }: UploadPlan): Promise<void> {
    await this.#vault.write(`${this.#folder}plan`, utf8(JSON.stringify({ version: 1, kind, begunAtMs, files, placement })));
  }

  async segment({ index, salt, roots }: NamedSegment): Promise<void> {
    await this.#vault.write(`${this.#folder}segments/${index}`, concatBytes(salt, ...roots));
  }

  async load(): Promise<{ plan: UploadPlan; segments: NamedSegment[] } | null> {
    const text = await this.#vault.read(`${this.#folder}plan`);
    if (text === null) return null;
    const plan = parsePlan(text);
    const names = await this.#vault.names(`${this.#folder}segments/`);
    const segments = await Promise.all(names.map((name) => this.#readSegment(name, plan.placement.totalShards)));
    return { plan, segments: segments.toSorted((a, b) => a.index - b.index) };
  }

  /** With whatever else is kept there of the upload. The plan goes first: without all its segments nobody may go on with it. */
  async remove(): Promise<void> {
    await this.#vault.remove(`${this.#folder}plan`);
    for (const name of await this.#vault.names(this.#folder)) await this.#vault.remove(name);
  }

  async #readSegment(name: string, count: number): Promise<NamedSegment> {
    const reader = new ByteReader((await this.#vault.read(name)) ?? new Uint8Array(0), 'record_unreadable');
    const salt = reader.bytes(KEY_BYTES);
    const roots = Array.from({ length: count }, () => asShardId(reader.bytes(KEY_BYTES)));
    reader.end();
    return { index: Number(name.slice(name.lastIndexOf('/') + 1)), salt, roots };
  }
}

/** @throws SendError `record_unreadable`. */
function parsePlan(text: Uint8Array): UploadPlan {
  let input: unknown;
  try {
    input = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch (cause) {
    throw new SendError('record_unreadable', 'the plan of the upload is no JSON', { cause });
  }
  const { kind, begunAtMs, files, placement } = parseMessage(planSchema, input, 'record_unreadable');
  return { ...(kind ? { kind } : {}), begunAtMs, files, placement };
}
