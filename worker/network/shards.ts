/** Sixteen objects that share one task: whose an id is follows from its first four bits, and no one of them sees everything. */
export const SHARDS = 16;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** @param id - b64 of a node or transfer id. @returns its first four bits. */
export function shardOf(id: string): number {
  const bits = ALPHABET.indexOf(id.charAt(0));
  if (id === '' || bits < 0) throw new RangeError('not an id');
  return bits >> 2;
}

export const shardAt = <T extends Rpc.DurableObjectBranded>(objects: DurableObjectNamespace<T>, shard: number): DurableObjectStub<T> =>
  objects.get(objects.idFromName(`shard ${shard}`));

/** The one of `objects` that looks after `id`. */
export const shardFor = <T extends Rpc.DurableObjectBranded>(objects: DurableObjectNamespace<T>, id: string): DurableObjectStub<T> => shardAt(objects, shardOf(id));

export const allShards = <T extends Rpc.DurableObjectBranded>(objects: DurableObjectNamespace<T>): DurableObjectStub<T>[] =>
  Array.from({ length: SHARDS }, (_, shard) => shardAt(objects, shard));
