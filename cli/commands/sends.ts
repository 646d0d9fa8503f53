/** `shardsend sends`, `revoke` and `extend`: what was sent from this machine, looked after. */
import { parseArgs } from 'node:util';
import { TransferControl } from '../../shared/client/index.ts';
import { isOver, lookAfter, withRefusal, withStatus, type SendRecord } from '../../shared/client/sends/index.ts';
import { SendError } from '../../shared/protocol/index.ts';
import { nodeDeps } from '../deps.ts';
import { SHARDSEND } from '../invocation.ts';
import { EXIT_OK, print, printJson, reportFailure } from '../report.ts';
import { chooseSend } from '../sends/choose-send.ts';
import { folderSendStore, stateFolder } from '../sends/folder-boxes.ts';
import { sendJson, sendLines } from '../sends/sends-text.ts';
import { parseExpires, UsageError } from '../values.ts';

const JSON_OPTION = { json: { type: 'boolean', default: false } } as const;
/** A coordinator that is away does not keep the list waiting. */
const ONCE = { patienceMs: 0 };

export const sendsHelp = `${SHARDSEND} sends [options]

Lists what was sent from this machine, the youngest first, and asks how each transfer stands. The list is kept encrypted
in $XDG_STATE_HOME/shardsend, which is ~/.local/state/shardsend unless set.

  --json                prints {"sends":[{"transferId","coordinator","state","title","fileCount","bytes","createdAtMs",
                        "expiresAtMs","downloads","survives","totalShards","seenAtMs","links":[{"linkId","link","label",
                        "password","state","downloads"}]}],"unreadable":[transferId…],"unreached":n}; seenAtMs is when
                        the coordinator said so last, null for never`;

export const revokeHelp = `${SHARDSEND} revoke TRANSFER [options]

Withdraws a transfer that was sent from this machine: its links stop working and every storage node deletes it.
TRANSFER is its id, the beginning of its id, or a link of it.

  --json                prints {"transferId","state"}`;

export const extendHelp = `${SHARDSEND} extend TRANSFER --expires TIME [options]

Lets a transfer that was sent from this machine live for TIME from now, be that longer or shorter than agreed.
TRANSFER is its id, the beginning of its id, or a link of it.

  --expires TIME        5m to 30d, such as 12h
  --json                prints {"transferId","state","expiresAtMs"}`;

export async function runSends(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: JSON_OPTION });
  const deps = nodeDeps();
  const store = folderSendStore(stateFolder(process.env));
  try {
    const unreadable: string[] = [];
    const known = await store.list((transferId) => unreadable.push(transferId));
    let unreached = 0;
    const records = await Promise.all(
      known.map(async (record): Promise<SendRecord | null> => {
        if (record.lastSeen !== null && isOver(record.lastSeen.state)) return record;
        const look = await lookAfter(store, record, () => new TransferControl(record, deps).status(ONCE), deps.now);
        if (look === null) unreached++;
        return look === null ? record : look.record;
      }),
    );
    const sends = records.filter((record) => record !== null);
    const nowMs = deps.now();
    if (values.json) await printJson({ sends: sends.map((record) => sendJson(record, nowMs)), unreadable, unreached });
    else {
      for (const transferId of unreadable) process.stderr.write(`The entry of ${transferId} cannot be read.\n`);
      if (unreached > 0) process.stderr.write('There is no connection: this is what was known last.\n');
      if (sends.length === 0) process.stderr.write('Nothing was sent from this machine.\n');
      for (const record of sends) await print(sendLines(record, nowMs));
    }
    return EXIT_OK;
  } catch (error) {
    return reportFailure(error, values.json);
  }
}

export async function runRevoke(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: JSON_OPTION });
  const deps = nodeDeps();
  const store = folderSendStore(stateFolder(process.env));
  const { transferId, ...record } = await chooseSend(store, positionals);
  try {
    await new TransferControl({ transferId, ...record }, deps).revoke();
    const now = await store.update(transferId, (before) => withRefusal(before, new SendError('transfer_revoked'), deps.now()) ?? before);
    if (values.json) await printJson({ transferId, state: now?.lastSeen?.state ?? 'revoked' });
    else process.stderr.write('Withdrawn. Its links no longer work, and every storage node has been told to delete it.\n');
    return EXIT_OK;
  } catch (error) {
    return reportFailure(error, values.json);
  }
}

export async function runExtend(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { ...JSON_OPTION, expires: { type: 'string' } } });
  if (values.expires === undefined) throw new UsageError('--expires says for how long from now, such as 7d');
  const seconds = parseExpires(values.expires);
  const deps = nodeDeps();
  const store = folderSendStore(stateFolder(process.env));
  const record = await chooseSend(store, positionals);
  const { transferId } = record;
  try {
    const status = await new TransferControl(record, deps).extend(seconds);
    await store.update(transferId, (before) => withStatus(before, status, deps.now()));
    const { state, expiresAtMs } = status;
    if (values.json) await printJson({ transferId, state, expiresAtMs });
    else process.stderr.write(`It will be deleted on ${new Date(expiresAtMs).toLocaleString()}.\n`);
    return EXIT_OK;
  } catch (error) {
    return reportFailure(error, values.json);
  }
}
