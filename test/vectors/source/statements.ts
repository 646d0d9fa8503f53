/** Links, and everything that is signed: docs/protocol.md §7, §8, §9. */
import { b64, bytesOf, hash, hex, keyPair, shardId, text, u32, u64, u8 } from './reference.ts';
import { ok, refused, type Vector } from './vector.ts';

const transferId = bytesOf('transfer', 16);
const secret = bytesOf('link secret', 32);
const coordinator = keyPair(bytesOf('coordinator seed', 32));
const node = keyPair(bytesOf('node seed', 32));
const otherNode = keyPair(bytesOf('other node seed', 32));
const NOW_MS = 1_795_000_000_000;
const MINUTE_MS = 60_000;

export function linkVectors(): Vector[] {
  const checkOf = (version: number, id: Buffer, key: Buffer): Buffer => hash(text('shardsend/1 link'), u8(version), id, key).subarray(0, 4);
  const fragment = Buffer.concat([u8(1), secret, checkOf(1, transferId, secret)]);
  const origin = 'https://send.example';
  const address = `${origin}/d/${b64(transferId)}`;
  const link = `${address}#${b64(fragment)}`;
  const output = { origin, transferIdHex: hex(transferId), secretHex: hex(secret), password: false };
  const good = (name: string, comment: string, given: string): Vector => ok(`link/${name}`, comment, { link: given }, { ...output, link });
  const damaged = (name: string, comment: string, given: string): Vector => refused('link_damaged', `link/damaged-${name}`, comment, { link: given });
  /** In b64 it ends in `g`, which is canonical in lower case as well. */
  const ending = Buffer.concat([transferId.subarray(1), u8(2)]);
  const newer = Buffer.concat([u8(3), secret, checkOf(3, transferId, secret)]);
  const locked = `${address}#${b64(Buffer.concat([u8(2), secret, checkOf(2, transferId, secret)]))}`;
  const local = 'http://localhost:8787';
  const changed = (at: number): Buffer => Buffer.from(fragment.map((byte, i) => (i === at ? byte ^ 1 : byte)));
  return [
    good('plain', 'as it was made', link),
    ok('link/password', 'a link that asks for a password', { link: locked }, { ...output, password: true, link: locked }),
    ok('link/password-in-a-message', 'that, wrapped in a reply', { link: `> ${locked.slice(0, 60)}\n> ${locked.slice(60)}.` }, { ...output, password: true, link: locked }),
    ok(
      'link/local',
      'http and a port',
      { link: `${local}/d/${b64(transferId)}#${b64(fragment)}` },
      { ...output, origin: local, link: `${local}/d/${b64(transferId)}#${b64(fragment)}` },
    ),
    good('surrounding-space', 'white space around it', ` \t${link}\r\n`),
    good('wrapped', 'a mail program broke the line inside the key', `${link.slice(0, 70)}\r\n${link.slice(70)}`),
    good('wrapped-id', 'and inside the id, with an indent', `${link.slice(0, 30)}\n  ${link.slice(30)}`),
    good('angle-brackets', 'as RFC 3986 sets addresses apart', `<${link}>`),
    good('quotes', 'in quotes', `"${link}"`),
    good('single-quotes', 'in single quotes', `'${link}'`),
    good('brackets', 'in brackets', `(${link})`),
    good('square-brackets', 'in square brackets', `[${link}]`),
    good('trailing-dot', 'at the end of a sentence', `${link}.`),
    good('trailing-comma', 'before a comma', `${link},`),
    good('trailing-marks', 'several marks', `${link}!?;:)`),
    good('bracket-and-dot', 'a mark after a bracket', `(${link}).`),
    good('percent-23', 'a mail filter wrote %23 for #', link.replace('#', '%23')),
    good('percent-23-wrapped', 'that, wrapped and in angle brackets', `<${link.replace('#', '%23').slice(0, 60)}\n${link.replace('#', '%23').slice(60)}>`),
    good('upper-case-host', 'hosts do not tell case', link.replace('https://send.example', 'HTTPS://SEND.Example')),
    good('percent-2523', 'two filters did', link.replace('#', '%2523')),
    good('percent-letters', 'a filter encoded letters', link.replace('/d/m', '/d/%6d').replace('#A', '%23%41')),
    good('percent-whole', 'another address carries it', `https://filter.example/?url=${encodeURIComponent(link)}&data=05`),
    good('quoted-printable', 'a line of quoted-printable went on', `${link.slice(0, 70)}=\r\n${link.slice(70)}`),
    good('quoted-printable-marks', 'marks were encoded, and a line went on', `${link.replaceAll('.', '=2E').replaceAll('_', '=5F').slice(0, 40)}=\n${link.replaceAll('.', '=2E').replaceAll('_', '=5F').slice(40)}`),
    good('quoted-printable-joined', 'the line break behind = is gone', `${link.slice(0, 70)}=${link.slice(70)}`),
    good('soft-hyphens', 'what is not seen', `\u2068${link.slice(0, 30)}\u00ad${link.slice(30, 60)}\u200b${link.slice(60)}\u2069`),
    good('typeset', 'hyphens that do not break, full-width letters', link.replace('https', '\uff48\uff54\uff54\uff50\uff53').replaceAll('-', '\u2011')),
    good('reply', 'wrapped and quoted in a reply', `> ${link.slice(0, 60)}\n> ${link.slice(60)}\n> see you`),
    good('tracked', 'a parameter before the key', link.replace('#', '?utm_source=mail#')),
    good('tracked-behind', 'a parameter behind the key', `${link}&fbclid=IwAR0_x-1`),
    good('tracked-percent-23', 'a parameter behind a key that was moved', `${link.replace('#', '%23')}?utm_source=mail`),
    good('in-a-message', 'with text around it', `Hello,\n\nhere they are: ${link}\n\nMartha`),
    good('ellipsis', 'before an ellipsis', `${link}\u2026`),
    good('extended', 'with text right behind it', `${link}Sent`),
    good('padding', 'base64 with padding', `${link}==`),
    good('doubled', 'pasted twice', link + link),
    good('html', 'as HTML', `<a href="${link}">${link}</a>`),
    good('http', 'http before a public name', link.replace('https:', 'http:')),
    damaged('empty', 'nothing', ''),
    damaged('no-address', 'a word', 'hello'),
    damaged('other-scheme', 'an address that is not on the web', link.replace('https:', 'ftp:')),
    damaged('other-path', 'an address of something else', link.replace('/d/', '/e/')),
    damaged('no-fragment', 'everything after # was cut', address),
    damaged('empty-fragment', 'only # is left', `${address}#`),
    damaged('truncated', 'without its last character', link.slice(0, -1)),
    damaged('truncated-4', 'without its last four characters, which is whole bytes', link.slice(0, -4)),
    damaged('half', 'half of the key', link.slice(0, -25)),
    damaged('alphabet', 'a character that b64 does not have', link.replace(/.$/, '*x').slice(0, link.length)),
    damaged('plus', 'the other base64 alphabet', `${address}#${b64(fragment).slice(0, 10)}+${b64(fragment).slice(11)}`),
    damaged('unused-bits', 'a last character whose unused bits are set', link.slice(0, -1) + nextCharacter(link.at(-1)!)),
    damaged('secret-changed', 'one bit of the secret', `${address}#${b64(changed(1))}`),
    damaged('check-changed', 'one bit of the check', `${address}#${b64(changed(36))}`),
    damaged('other-id', 'the key of one transfer after the id of another', `${origin}/d/${b64(bytesOf('another transfer', 16))}#${b64(fragment)}`),
    damaged('short-id', 'an id of 15 bytes', `${origin}/d/${b64(transferId.subarray(1))}#${b64(fragment)}`),
    damaged('lower-case', 'someone typed it in lower case', link.toLowerCase()),
    damaged('upper-case', 'or in upper case', link.toUpperCase()),
    damaged('lower-case-canonical', 'in lower case, which happens to be canonical and to begin with a later version', `${origin}/d/${b64(ending)}#${b64(fragment)}`.toLowerCase()),
    damaged('shortened', 'a chat showed its ends', `${link.slice(0, 60)}\u2026${link.slice(70)}`),
    damaged('shortened-host', 'a chat shortened the host', link.replace('example', 'ex\u2026')),
    damaged('two', 'two links: nobody can tell which was meant', `${link} ${origin}/d/${b64(ending)}#${b64(Buffer.concat([u8(1), secret, checkOf(1, ending, secret)]))}`),
    damaged('newer', 'version 3 with a wrong check', `${address}#${b64(Buffer.concat([u8(3), fragment.subarray(1)]))}`),
    damaged('kind-changed', 'made to ask for a password', `${address}#${b64(Buffer.concat([u8(2), fragment.subarray(1)]))}`),
    damaged('version-0', 'a version that never was', `${address}#${b64(Buffer.concat([u8(0), secret, checkOf(0, transferId, secret)]))}`),
    refused('link_version', 'link/newer', 'version 3', { link: `${address}#${b64(newer)}` }),
    refused('link_version', 'link/newer-longer', 'version 3 with more in it', { link: `${address}#${b64(Buffer.concat([newer, secret]))}` }),
  ];
}

/** The next character of the alphabet: the same bytes, other unused bits. */
function nextCharacter(character: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet[alphabet.indexOf(character) + 1]!;
}

interface OrderFields {
  readonly version: number;
  readonly action: number;
  readonly maxBytes: number;
  readonly notBeforeMs: number;
  readonly expiresAtMs: number;
  readonly commitment: Buffer;
  readonly nodeId: Buffer;
}

const ACTIONS = ['store', 'fetch', 'delete', 'rebuild', 'audit', 'extend'];

export function orderVectors(): Vector[] {
  const serial = bytesOf('serial', 16);
  const plain: OrderFields = {
    version: 1,
    action: 1,
    maxBytes: 10_485_760,
    notBeforeMs: NOW_MS,
    expiresAtMs: NOW_MS + 15 * MINUTE_MS,
    commitment: Buffer.alloc(32),
    nodeId: node.publicKey,
  };
  const shardExpiresAtMs = NOW_MS + 7 * 24 * 60 * MINUTE_MS;
  const encode = (fields: OrderFields, signer = coordinator): Buffer => {
    const body = Buffer.concat([
      u8(fields.version),
      u8(fields.action),
      serial,
      transferId,
      fields.nodeId,
      u8(7),
      u64(fields.maxBytes),
      u64(shardExpiresAtMs),
      u64(fields.notBeforeMs),
      u64(fields.expiresAtMs),
      fields.commitment,
    ]);
    return Buffer.concat([body, signer.sign(Buffer.concat([text('shardsend/1 order\0'), body]))]);
  };
  const order = encode(plain);
  const check = { coordinatorKeyHex: hex(coordinator.publicKey), nodeIdHex: hex(node.publicKey), action: 'store', nowMs: NOW_MS + MINUTE_MS };
  const good = (name: string, comment: string, change: Partial<OrderFields>, at: object = {}): Vector => {
    const fields = { ...plain, ...change };
    const action = ACTIONS[fields.action - 1]!;
    return ok(
      `order/${name}`,
      comment,
      { coordinatorSeedHex: hex(coordinator.seed), ...check, action, orderHex: hex(encode(fields)), ...at },
      {
        action,
        serialHex: hex(serial),
        transferIdHex: hex(transferId),
        nodeIdHex: hex(fields.nodeId),
        shardIndex: 7,
        maxBytes: fields.maxBytes,
        shardExpiresAtMs,
        notBeforeMs: fields.notBeforeMs,
        expiresAtMs: fields.expiresAtMs,
        commitmentHex: hex(fields.commitment),
      },
    );
  };
  const bad = (code: string, name: string, comment: string, bytes: Buffer, at: object = {}): Vector => refused(code, `order/${name}`, comment, { ...check, orderHex: hex(bytes), ...at });
  const flipped = (at: number): Buffer => Buffer.from(order.map((byte, i) => (i === at ? byte ^ 1 : byte)));
  const tooLarge = Buffer.from(order);
  tooLarge.writeBigUInt64BE(2n ** 53n, 67);
  return [
    good('store', 'an order to store', {}),
    good('fetch', 'an order to fetch', { action: 2 }),
    good('delete', 'an order to delete', { action: 3 }),
    good('rebuild', 'an order to rebuild, with the hash of the body', { action: 4, commitment: hash(text('{}')) }),
    good('audit', 'an order to prove leaves, with the hash of the body', { action: 5, commitment: hash(text('{}')) }),
    good('extend', 'an order to keep shards until another time', { action: 6 }),
    good('largest', 'the largest budget', { maxBytes: Number.MAX_SAFE_INTEGER }),
    good('early-by-skew', '30 s before it begins', {}, { nowMs: NOW_MS - 30_000 }),
    good('late-by-skew', '30 s after it ended', {}, { nowMs: NOW_MS + 15 * MINUTE_MS + 30_000 }),
    bad('order_expired', 'too-early', 'a millisecond before what skew allows', order, { nowMs: NOW_MS - 30_001 }),
    bad('order_expired', 'expired', 'a millisecond after what skew allows', order, { nowMs: NOW_MS + 15 * MINUTE_MS + 30_001 }),
    bad('order_expired', 'too-long', 'good for longer than 15 minutes', encode({ ...plain, expiresAtMs: NOW_MS + 15 * MINUTE_MS + 1 })),
    bad('order_forged', 'forged', 'signed by someone else', encode(plain, otherNode)),
    bad('order_forged', 'flipped-budget', 'one bit of the budget', flipped(74)),
    bad('order_forged', 'flipped-commitment', 'one bit of the commitment', flipped(99)),
    bad('order_forged', 'flipped-signature', 'one bit of the signature', flipped(194)),
    bad('order_forged', 'forged-and-expired', 'the signature is judged before the time', encode(plain, otherNode), { nowMs: NOW_MS + 60 * MINUTE_MS }),
    bad('order_other_node', 'other-node', 'signed for another node', encode({ ...plain, nodeId: otherNode.publicKey })),
    bad('order_other_node', 'other-node-and-expired', 'the node is judged before action and time', encode({ ...plain, nodeId: otherNode.publicKey, action: 2 }), { nowMs: NOW_MS + 60 * MINUTE_MS }),
    bad('order_action', 'other-action', 'an order to fetch where one to store is needed', encode({ ...plain, action: 2 })),
    bad('order_action', 'other-action-and-expired', 'the action is judged before the time', encode({ ...plain, action: 2 }), { nowMs: NOW_MS + 60 * MINUTE_MS }),
    bad('order_malformed', 'unknown-version', 'version 2', encode({ ...plain, version: 2 })),
    bad('order_malformed', 'action-0', 'no action', encode({ ...plain, action: 0 })),
    bad('order_malformed', 'action-7', 'an unknown action', encode({ ...plain, action: 7 })),
    bad('order_malformed', 'number-beyond', 'a budget of 2^53', tooLarge),
    bad('order_malformed', 'extended', 'one more byte', Buffer.concat([order, Buffer.alloc(1)])),
    refused('order_malformed', 'order/truncated', 'the order cut to each of these lengths', {
      ...check,
      orderHex: hex(order),
      lengths: Array.from({ length: order.length }, (_, length) => length),
    }),
  ];
}

export function signedVectors(): Vector[] {
  const shards = [0, 1, 5].map((segment) => ({ segment, shardBytes: 64 + segment, root: shardId(bytesOf(`shard ${segment}`, 64 + segment)) }));
  const statements = Buffer.concat(shards.flatMap(({ segment, shardBytes, root }) => [u32(segment), u32(shardBytes), root]));
  const shardExpiresAtMs = NOW_MS + 60 * MINUTE_MS;
  const receipt = Buffer.concat([text('shardsend/1 receipt\0'), transferId, node.publicKey, u8(7), u64(shardExpiresAtMs), u64(NOW_MS), u32(shards.length), statements]);
  const listed = shards.map(({ segment, shardBytes, root }) => ({ segment, shardBytes, rootHex: hex(root) }));
  const deleted = Buffer.concat([text('shardsend/1 deleted\0'), transferId, node.publicKey, u64(NOW_MS), u32(3), u64(198)]);
  const kept = Buffer.concat([text('shardsend/1 expiry\0'), transferId, node.publicKey, u64(shardExpiresAtMs), u32(3)]);
  const challenge = bytesOf('challenge', 32);
  const health = Buffer.concat([text('shardsend/1 health\0'), challenge]);
  const nodeSeedHex = hex(node.seed);

  const body = text('{"freeBytes":1,"usedBytes":2,"version":"1.0.0"}');
  const request = { coordinatorKeyHex: hex(coordinator.publicKey), method: 'POST', pathAndQuery: '/api/nodes/heartbeat', bodyHex: hex(body) };
  const signRequest = (atMs: string, content: Buffer, signer = node, path = request.pathAndQuery): string =>
    `Shardsend-Node ${b64(signer.publicKey)}.${atMs}.${b64(signer.sign(text(`shardsend/1 request\0${b64(coordinator.publicKey)}\nPOST\n${path}\n${atMs}\n${hex(hash(content))}`)))}`;
  const header = signRequest(String(NOW_MS), body);
  const good = (name: string, comment: string, nowMs: number): Vector =>
    ok(`request/${name}`, comment, { ...request, nodeSeedHex, atMs: NOW_MS, nowMs, authorization: header }, { authorization: header, nodeIdHex: hex(node.publicKey) });
  const bad = (name: string, comment: string, authorization: string, at: object = {}): Vector =>
    refused('unauthorized', `request/${name}`, comment, { ...request, nowMs: NOW_MS, authorization, ...at });
  const [nodePart, timePart, signaturePart] = header.slice('Shardsend-Node '.length).split('.') as [string, string, string];

  return [
    ok('commitment/three-shards', 'what a store order for rebuilding commits to', { shards: listed }, { statementsHex: hex(statements), hashHex: hex(hash(statements)) }),
    ok(
      'receipt/three-shards',
      'a receipt for three shards',
      { nodeSeedHex, transferIdHex: hex(transferId), nodeIdHex: hex(node.publicKey), shardIndex: 7, shardExpiresAtMs, storedAtMs: NOW_MS, shards: listed },
      { signedHex: hex(receipt), signatureHex: hex(node.sign(receipt)) },
    ),
    ok(
      'deletion/three-shards',
      'a deletion statement',
      { nodeSeedHex, transferIdHex: hex(transferId), nodeIdHex: hex(node.publicKey), deletedAtMs: NOW_MS, shards: 3, bytes: 198 },
      { signedHex: hex(deleted), signatureHex: hex(node.sign(deleted)) },
    ),
    ok(
      'expiry/three-shards',
      'an expiry statement',
      { nodeSeedHex, transferIdHex: hex(transferId), nodeIdHex: hex(node.publicKey), shardExpiresAtMs, shards: 3 },
      { signedHex: hex(kept), signatureHex: hex(node.sign(kept)) },
    ),
    ok('health/challenge', 'a node proves its key', { nodeSeedHex, challengeHex: hex(challenge) }, { signedHex: hex(health), signatureHex: hex(node.sign(health)) }),
    good('heartbeat', 'a signed request', NOW_MS),
    good('oldest', 'exactly 5 minutes old', NOW_MS + 5 * MINUTE_MS),
    good('ahead', 'the node’s clock is 5 minutes ahead', NOW_MS - 5 * MINUTE_MS),
    bad('stale', 'a millisecond more than 5 minutes old', header, { nowMs: NOW_MS + 5 * MINUTE_MS + 1 }),
    bad('from-the-future', 'a millisecond more than 5 minutes ahead', header, { nowMs: NOW_MS - 5 * MINUTE_MS - 1 }),
    bad('other-coordinator', 'signed for another coordinator', header, { coordinatorKeyHex: hex(otherNode.publicKey) }),
    bad('other-body', 'the body was changed', header, { bodyHex: hex(text('{}')) }),
    bad('other-path', 'sent to another address', header, { pathAndQuery: '/api/nodes' }),
    bad('other-method', 'sent with another method', header, { method: 'PUT' }),
    bad('other-key', 'signed by one node in the name of another', `Shardsend-Node ${b64(otherNode.publicKey)}.${timePart}.${signaturePart}`),
    bad('other-time', 'the time was changed', `Shardsend-Node ${nodePart}.${NOW_MS + 1}.${signaturePart}`),
    bad('empty', 'no header', ''),
    bad('other-scheme', 'another scheme', header.replace('Shardsend-Node', 'Bearer')),
    bad('truncated', 'without its last character', header.slice(0, -1)),
    bad('time-in-hex', 'a time that is not decimal', `Shardsend-Node ${nodePart}.0x1.${signaturePart}`),
    bad('leading-zero', 'a time with a leading zero is not the one that was signed', `Shardsend-Node ${nodePart}.0${timePart}.${signaturePart}`),
  ];
}
