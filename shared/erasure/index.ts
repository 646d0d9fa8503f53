// Erasure coding: any k of a segment's n shards rebuild it.

export { ErasureCodec } from './codec.ts';
export type { ErasureCodecOptions, ShardSet } from './codec.ts';
export type { KernelVariant } from './kernel.ts';
