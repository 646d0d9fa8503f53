/** Every vector against what the programs use, and the vectors against their generator. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { deriveLinkKeys, openEnvelope, sealEnvelope, stretchPassword } from '../../shared/client/link-keys.ts';
import * as keys from '../../shared/crypto/index.ts';
import { ErasureCodec } from '../../shared/erasure/index.ts';
import { statusPage, viewTokenOf } from '../../node/identity/view-token.ts';
import * as merkle from '../../shared/merkle/index.ts';
import * as policy from '../../shared/policy/index.ts';
import * as protocol from '../../shared/protocol/index.ts';
import { renderVectors, vectorGroups, VECTORS_FOLDER } from './generate.ts';
import { patternBytes } from './source/reference.ts';

/** The values in a vector's file are its own business; a wrong type fails the comparison. */
// oxlint-disable-next-line typescript/no-explicit-any -- a vector is JSON of its own shape; each check reads only what it needs
type Fields = Record<string, any>;
interface VectorFile {
  readonly comment: string;
  readonly expect: string;
  readonly input: Fields;
  readonly output?: Fields;
}

const hex = (bytes: Uint8Array): string => protocol.encodeHex(bytes);
const bytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text, 'hex'));
const same = (actual: Uint8Array, expectedHex: unknown): void => expect(hex(actual)).toBe(expectedHex);
const statementsOf = (list: Fields[]): protocol.ShardStatement[] =>
  list.map(({ segment, shardBytes, rootHex }) => ({ segment, shardBytes, root: protocol.asShardId(bytes(rootHex)) }));

/** Reads, checks, and where the case is good also writes; throws what the program would throw. */
type Reader = (input: Fields, output: Fields) => void | Promise<void>;
const readers: Record<string, Reader> = {
  keys(input, output) {
    const secret = bytes(input.secretHex);
    if (input.kind === 'segment') return same(keys.deriveSegmentKey(secret, bytes(input.saltHex), input.index), output.keyHex);
    same(keys.deriveManifestKey(secret, bytes(input.saltHex)), output.keyHex);
  },
  async 'link-keys'(input, output) {
    const [transferId, secret] = [protocol.asTransferId(bytes(input.transferIdHex)), protocol.asLinkSecret(bytes(input.linkSecretHex))];
    let passwordKey: keys.PasswordKey | null = null;
    const source = async (salt: Uint8Array): Promise<keys.PasswordKey> => (passwordKey = await stretchPassword(input.password, salt));
    const link = { transferId, secret, password: input.password !== null };
    const { linkId, accessToken, envelopeKey } = await deriveLinkKeys(link, link.password ? source : undefined);
    const envelope = await sealEnvelope(protocol.asContentSecret(bytes(input.contentSecretHex)), envelopeKey);
    expect({
      linkIdHex: hex(linkId),
      passwordSaltHex: hex(keys.derivePasswordSalt(secret, transferId)),
      passwordKeyHex: passwordKey && hex(passwordKey),
      linkKeyHex: hex(keys.deriveLinkKey(secret, passwordKey)),
      accessTokenHex: hex(accessToken),
      accessHashHex: hex(keys.hashToken(accessToken)),
      envelopeKeyHex: hex(envelopeKey),
      envelopeHex: hex(envelope),
    }).toEqual(output);
  },
  async envelope(input, output) {
    same(await openEnvelope(bytes(input.envelopeHex), bytes(input.envelopeKeyHex) as keys.EnvelopeKey), output.contentSecretHex);
  },
  layout(input, output) {
    if (input.lengths) return expect(input.lengths.map(protocol.padme)).toEqual(output.padded);
    if (input.eligibleNodes) return expect(input.eligibleNodes.map(protocol.redundancyFor)).toEqual(output.redundancy);
    const layouts = input.fileBytes.map((size: number) => {
      const contentBytes = protocol.contentBytesOf(size);
      const layout = new protocol.TransferLayout(contentBytes, input.requiredShards);
      const last = layout.segment(layout.segmentCount - 1);
      return { contentBytes, segmentCount: layout.segmentCount, lastRows: last.rows, lastRecordBytes: last.recordBytes, lastShardBytes: last.shardBytes };
    });
    expect(layouts).toEqual(output.layouts);
  },
  async records(input, output) {
    const key = bytes(input.keyHex) as keys.SegmentKey;
    if (input.boxHex !== undefined) {
      await keys.openRecord(key, input.index, input.last, bytes(input.boxHex));
      return;
    }
    same(await keys.sealRecord(key, input.index, input.last, bytes(input.textHex)), output.boxHex);
    same(await keys.openRecord(key, input.index, input.last, bytes(output.boxHex)), input.textHex);
  },
  manifest(input, output) {
    const manifest = protocol.parseManifest(bytes(input.textHex));
    const kind = manifest.kind ? { kind: manifest.kind } : {};
    expect({ ...kind, files: manifest.files, segmentCount: manifest.segmentCount, segmentsDigestHex: manifest.segmentsDigest && hex(manifest.segmentsDigest) }).toEqual(output);
    same(protocol.encodeManifest(manifest), input.textHex);
  },
  async 'sealed-manifest'(input, output) {
    const sealed = bytes(input.sealedHex ?? output.sealedHex);
    expect(sealed[0]).toBe(1);
    const key = keys.deriveManifestKey(bytes(input.secretHex), sealed.subarray(1, 33));
    same(await keys.openManifestText(key, sealed.subarray(33)), input.textHex);
    same(await keys.sealManifestText(key, bytes(input.textHex)), hex(sealed.subarray(33)));
  },
  'segments-digest'(input, output) {
    const digest = new protocol.SegmentsDigest(protocol.asTransferId(bytes(input.transferIdHex)), input.segments.length);
    for (const { saltHex, rootsHex } of input.segments as Fields[]) digest.add({ salt: bytes(saltHex), roots: rootsHex.map((root: string) => protocol.asShardId(bytes(root))) });
    same(digest.digest(), output.digestHex);
  },
  async erasure(input, output) {
    const { requiredShards, totalShards, shardBytes } = input as { requiredShards: number; totalShards: number; shardBytes: number };
    const set = (await ErasureCodec.create({ requiredShards, totalShards, maxShardBytes: shardBytes })).slot(0);
    const indexes = Array.from({ length: totalShards }, (_, i) => i);
    const read = (list: number[]): string[] => list.map((i) => hex(set.shard(i, shardBytes)));
    if (input.kind === 'encode') {
      for (const [i, shard] of input.dataHex.entries()) set.shard(i, shardBytes).set(bytes(shard));
      set.encode(shardBytes);
      expect(read(indexes.slice(requiredShards))).toEqual(output.parityHex);
    } else {
      for (const [at, i] of input.have.entries()) set.shard(i, shardBytes).set(bytes(input.shardsHex[at]));
      const missing = indexes.filter((i) => !input.have.includes(i));
      set.reconstruct(shardBytes, input.have, missing);
      expect(read(missing)).toEqual(output.missingHex);
    }
  },
  async merkle(input, output) {
    const shard = Uint8Array.from(patternBytes(input.shardBytes));
    const root = await merkle.shardRoot(shard);
    same(root, output.rootHex);
    const leaf = (i: number): Uint8Array => shard.subarray(i * merkle.LEAF_BYTES, (i + 1) * merkle.LEAF_BYTES);
    const hashes = Array.from({ length: merkle.leafCount(shard.length) }, (_, i) => createHash('sha256').update(leaf(i)).digest());
    same(merkle.rootFromLeafHashes(shard.length, hashes), output.rootHex);
    const proofs = hashes.map((_, i) => merkle.proveLeaf(hashes, i));
    expect(proofs.map((proof) => proof.map(hex))).toEqual(output.proofsHex);
    for (const [i, proof] of proofs.entries()) expect(merkle.verifyLeaf(root, shard.length, i, leaf(i), proof)).toBe(true);
  },
  'merkle-proof'(input) {
    const proven = merkle.verifyLeaf(bytes(input.rootHex), input.shardBytes, input.leafIndex, bytes(input.leafHex), input.proofHex.map(bytes));
    if (!proven) throw new protocol.SendError('shard_mismatch');
  },
  link(input, output) {
    const link = protocol.parseLink(input.link);
    const { origin, transferId, secret, password } = link;
    expect({ origin, transferIdHex: hex(transferId), secretHex: hex(secret), password, link: protocol.encodeLink(link) }).toEqual(output);
  },
  async order(input, output) {
    const coordinatorKey = await protocol.importVerifyingKey(bytes(input.coordinatorKeyHex));
    const check = { coordinatorKey, nodeId: protocol.asNodeId(bytes(input.nodeIdHex)), action: input.action, nowMs: input.nowMs };
    const order = await protocol.verifyOrder(bytes(input.orderHex), check);
    const { serial, transferId, nodeId, commitment, ...plain } = order;
    expect({ ...plain, serialHex: hex(serial), transferIdHex: hex(transferId), nodeIdHex: hex(nodeId), commitmentHex: hex(commitment) }).toEqual(output);
    const { privateKey } = await protocol.signingKeyFromSeed(bytes(input.coordinatorSeedHex));
    same(await protocol.signOrder(order, privateKey), input.orderHex);
  },
  commitment(input, output) {
    const encoded = protocol.encodeStatements(statementsOf(input.shards));
    same(encoded, output.statementsHex);
    same(keys.hashToken(encoded), output.hashHex);
  },
  receipt(input, output) {
    const { shardIndex, shardExpiresAtMs, storedAtMs } = input as protocol.Receipt;
    const signed = protocol.receiptBytes({ shardIndex, shardExpiresAtMs, storedAtMs, ...named(input), shards: statementsOf(input.shards) });
    return checkSignature(input.nodeSeedHex, signed, output);
  },
  deletion(input, output) {
    const { deletedAtMs, shards, bytes: size } = input as protocol.DeletionStatement;
    return checkSignature(input.nodeSeedHex, protocol.deletionBytes({ ...named(input), deletedAtMs, shards, bytes: size }), output);
  },
  expiry(input, output) {
    const { shardExpiresAtMs, shards } = input as protocol.ExpiryStatement;
    return checkSignature(input.nodeSeedHex, protocol.expiryBytes({ ...named(input), shardExpiresAtMs, shards }), output);
  },
  health: (input, output) => checkSignature(input.nodeSeedHex, protocol.healthBytes(bytes(input.challengeHex)), output),
  async request(input, output) {
    const request = { coordinatorKey: bytes(input.coordinatorKeyHex), method: input.method, pathAndQuery: input.pathAndQuery, body: bytes(input.bodyHex) };
    const { publicKey } = await protocol.verifyRequest(input.authorization, request, input.nowMs);
    same(publicKey, output.nodeIdHex);
    expect(await protocol.signRequest(await protocol.signingKeyFromSeed(bytes(input.nodeSeedHex)), request, input.atMs)).toBe(output.authorization);
  },
  'store-client'(input, output) {
    const message = protocol.parseClientMessage(bytes(input.messageHex));
    expect(message).toMatchObject({ type: output.type });
    if (message.type === 'open') {
      same(message.order, output.orderHex);
      same(protocol.encodeOpen(message.order), input.messageHex);
    } else if (message.type === 'shard' || message.type === 'hold') {
      expect({ type: message.type, segment: message.segment, shardBytes: message.shardBytes, rootHex: hex(message.root) }).toEqual(output);
      same(message.type === 'shard' ? protocol.encodeShardHeader(message) : protocol.encodeHold(message), input.messageHex);
    } else if (message.type === 'committed') {
      expect(message.shards).toEqual(statementsOf(output.shards));
      same(protocol.encodeCommitted(message.shards), input.messageHex);
    } else {
      same(protocol.encodeSeal(), input.messageHex);
    }
  },
  'store-node'(input, output) {
    const message = protocol.parseNodeMessage(bytes(input.messageHex));
    if (message.type === 'problem') {
      expect({ type: message.type, segment: message.segment, code: message.error.code }).toEqual(output);
    } else if (message.type === 'receipt') {
      expect({ ...message, signature: undefined }).toMatchObject({ type: 'receipt', storedAtMs: output.storedAtMs, segments: output.segments });
      same(message.signature, output.signatureHex);
      same(protocol.encodeReceipt(message.storedAtMs, message.signature, message.segments), input.messageHex);
    } else {
      expect(message).toEqual(output);
      const encoded = { ready: () => protocol.encodeReady(output.window), stored: () => protocol.encodeStored(output.segment), absent: () => protocol.encodeAbsent(output.segment) };
      same(encoded[message.type](), input.messageHex);
    }
  },
  'fetch-frame'(input, output) {
    const header = protocol.parseFrameHeader(bytes(input.headerHex));
    expect(header).toEqual(output);
    same(protocol.encodeFrameHeader(header), input.headerHex);
  },
  async audit(input, output) {
    const { privateKey, publicKey } = await protocol.signingKeyFromSeed(bytes(input.coordinatorSeedHex));
    const message = policy.beaconMessage(input.epoch);
    const signature = await protocol.signBytes(privateKey, message);
    same(signature, output.signatureHex);
    expect(await protocol.verifyBytes(await protocol.importVerifyingKey(publicKey), signature, message)).toBe(true);
    same(policy.beaconOf(signature), output.beaconHex);
    const seed = policy.auditSeed(policy.beaconOf(signature), protocol.asNodeId(bytes(input.nodeIdHex)), input.epoch);
    same(seed, output.seedHex);
    const leaves = policy.pickLeaves(seed, input.holdings, input.count).map(({ transferId, segment, leaf }) => ({ transferId, segment, leaf }));
    expect(leaves).toEqual(output.leaves);
  },
  'audit-answer'(input, output) {
    const header = protocol.parseProofHeader(bytes(input.headerHex));
    same(protocol.encodeProofHeader(header), input.headerHex);
    expect(header.held).toBe(output.held);
    if (!header.held) return;
    const shard = Uint8Array.from(patternBytes(input.shardBytes));
    const data = shard.subarray(input.leaf * merkle.LEAF_BYTES, (input.leaf + 1) * merkle.LEAF_BYTES);
    const hashes = Array.from({ length: merkle.leafCount(shard.length) }, (_, i) => keys.hashToken(shard.subarray(i * merkle.LEAF_BYTES, (i + 1) * merkle.LEAF_BYTES)));
    const path = merkle.proveLeaf(hashes, input.leaf);
    expect(path.map(hex)).toEqual(output.pathHex);
    expect({ hashes: header.hashes, dataBytes: header.dataBytes }).toEqual({ hashes: path.length, dataBytes: data.length });
    same(keys.hashToken(data), output.dataHashHex);
    same(keys.hashToken(protocol.concatBytes(bytes(input.headerHex), data, ...path)), output.answerHashHex);
    expect(merkle.verifyLeaf(bytes(output.rootHex), shard.length, input.leaf, data, path)).toBe(true);
  },
  inventory(input, output) {
    const transfers = (input.transfers as Fields[]).map(({ transferIdB64, shards }) => ({ transferId: transferIdB64, shards }));
    same(protocol.bucketDigest(transfers), output.digestHex);
    for (const { transferId } of transfers) expect(protocol.bucketOf(protocol.decodeB64(transferId))).toBe(output.bucket);
  },
  async 'view-token'(input, output) {
    const seed = bytes(input.nodeSeedHex);
    const token = viewTokenOf(seed);
    same(token, output.tokenHex);
    same(keys.hashToken(token), output.hashHex);
    const { publicKey } = await protocol.signingKeyFromSeed(seed);
    expect(statusPage(input.coordinator, protocol.asNodeId(publicKey), token)).toBe(output.page);
  },
  async identity(input, output) {
    const entropy = keys.entropyOf(input.typed);
    if (entropy === null) throw new protocol.SendError('words_wrong');
    same(entropy, output.entropyHex);
    expect(keys.wordsOf(entropy).join(' ')).toBe(output.words);
    same((await protocol.signingKeyFromSeed(keys.deriveAccountSeed(entropy))).publicKey, output.accountIdHex);
    same(keys.deriveVaultKey(entropy), output.vaultKeyHex);
    same(keys.deriveVaultNamesKey(entropy), output.namesKeyHex);
  },
  async vault(input, output) {
    const key = await keys.importBoxKey(bytes(input.keyHex));
    if (input.headHex !== undefined) {
      const { revision, digest } = await keys.openVaultHead(key, bytes(input.headHex));
      expect({ revision, digestHex: hex(digest) }).toEqual(output);
      const entries = (input.entries as Fields[]).map(({ hiddenNameHex, boxHex }) => ({ hiddenName: bytes(hiddenNameHex), box: bytes(boxHex) }));
      return same(keys.vaultDigest(revision, entries), output.digestHex);
    }
    const hiddenName = keys.hideName(bytes(input.namesKeyHex), input.name);
    const { name, text } = await keys.openVaultEntry(key, hiddenName, bytes(input.boxHex)).catch((thrown: unknown) => {
      throw thrown instanceof keys.OpenError ? new protocol.SendError('vault_damaged') : thrown;
    });
    expect({ hiddenNameHex: hex(hiddenName), name, textHex: hex(text) }).toEqual(output);
    const again = await keys.sealVaultEntry(key, hiddenName, { name, text });
    expect(again.length).toBe(bytes(input.boxHex).length);
    expect(await keys.openVaultEntry(key, hiddenName, again)).toEqual({ name, text });
  },
};

const named = (input: Fields): { transferId: protocol.TransferId; nodeId: protocol.NodeId } => ({
  transferId: protocol.asTransferId(bytes(input.transferIdHex)),
  nodeId: protocol.asNodeId(bytes(input.nodeIdHex)),
});

async function checkSignature(seedHex: string, signed: Uint8Array<ArrayBuffer>, output: Fields): Promise<void> {
  same(signed, output.signedHex);
  const key = await protocol.signingKeyFromSeed(bytes(seedHex));
  same(await protocol.signBytes(key.privateKey, signed), output.signatureHex);
  expect(await protocol.verifyBytes(await protocol.importVerifyingKey(key.publicKey), bytes(output.signatureHex), signed)).toBe(true);
}

/** `ok`, or the code that the program came to. */
async function outcomeOf(read: () => void | Promise<void>): Promise<string> {
  try {
    await read();
    return 'ok';
  } catch (error) {
    if (error instanceof protocol.SendError) return error.code;
    if (error instanceof keys.OpenError) return 'wrong_key';
    throw error;
  }
}

/** A case with `lengths` stands for its first `…Hex` message or order cut to each of them. */
function variantsOf({ lengths, ...input }: Fields): Fields[] {
  if (lengths === undefined || input.padded) return [{ lengths, ...input }];
  const field = 'orderHex' in input ? 'orderHex' : 'headerHex';
  return lengths.map((length: number) => ({ ...input, [field]: input[field].slice(0, 2 * length) }));
}

const committed = await vectorFiles();
describe.each(Object.keys(readers))('vectors of %s', (group) => {
  const cases = committed.filter((name) => path.dirname(name) === group);
  test.each(cases)('%s', async (name) => {
    const { comment, expect: expected, input, output = {} } = JSON.parse(readFileSync(path.join(VECTORS_FOLDER, name), 'utf8')) as VectorFile;
    const variants = expected === 'ok' ? [input] : variantsOf(input);
    for (const variant of variants) expect(await outcomeOf(() => readers[group]!(variant, output)), comment).toBe(expected);
  });
});

test('every group of vectors has a reader', async () => {
  expect((await vectorGroups()).toSorted()).toEqual(Object.keys(readers).toSorted());
});

test('generating the vectors again gives the same files', async () => {
  const rendered = renderVectors();
  expect(committed.toSorted()).toEqual([...rendered.keys()].toSorted());
  for (const [name, content] of rendered) expect(await readFile(path.join(VECTORS_FOLDER, name), 'utf8'), name).toBe(content);
});

async function vectorFiles(): Promise<string[]> {
  const groups = await vectorGroups();
  const lists = await Promise.all(groups.map(async (group) => (await readdir(path.join(VECTORS_FOLDER, group))).map((file) => `${group}/${file}`)));
  return lists.flat();
}
