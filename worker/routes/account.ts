/** What an account asks for itself: the key that signs a request says whose it is. docs/protocol.md §14. */
import { Hono } from 'hono';
import { vaultWriteSchema } from '../../shared/protocol/account.ts';
import { decodeB64 } from '../../shared/protocol/bytes.ts';
import { SendError } from '../../shared/protocol/errors.ts';
import { HIDDEN_NAME_BYTES } from '../../shared/protocol/limits.ts';
import { parseMessage } from '../../shared/protocol/messages.ts';
import type { VaultCursor } from '../account/vault-keeper.ts';
import { accountOf } from '../objects/named.ts';
import { fromResult } from '../result.ts';
import { readAccount, type AppEnv } from './context.ts';

export const accountRoutes = new Hono<AppEnv>()
  .get('/vault', async (c) => {
    const { accountId } = await readAccount(c);
    return c.json(await accountOf(c.env, accountId).readVault(readCursor(c.req.query('since'), c.req.query('after'))));
  })
  .post('/vault', async (c) => {
    const { accountId, body } = await readAccount(c);
    const write = parseMessage(vaultWriteSchema, body);
    return c.json({ revision: await fromResult(accountOf(c.env, accountId).writeVault(write)) });
  })
  .delete('/', async (c) => {
    const { accountId } = await readAccount(c);
    await accountOf(c.env, accountId).erase();
    return c.body(null, 204);
  });

/** @throws SendError `bad_request`. */
function readCursor(since: string | undefined, after: string | undefined): VaultCursor {
  if (!/^(0|[1-9]\d{0,14})$/.test(since ?? '')) throw new SendError('bad_request', 'since names a revision');
  return { since: Number(since), after: after === undefined ? null : decodeB64(after, HIDDEN_NAME_BYTES) };
}
