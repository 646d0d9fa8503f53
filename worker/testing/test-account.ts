/** An account as its key and what it signs, and boxes that nobody needs to open. */
import { env } from 'cloudflare:workers';
import type { VaultChange, VaultPage } from '../../shared/protocol/account.ts';
import { encodeB64, utf8, KEY_BYTES } from '../../shared/protocol/bytes.ts';
import { HIDDEN_NAME_BYTES } from '../../shared/protocol/limits.ts';
import { signRequest, signingKeyFromSeed, type SigningKey } from '../../shared/protocol/signature.ts';
import { clock } from '../clock.ts';
import { coordinatorKeyOf } from '../environment.ts';
import { call, random } from './test-network.ts';

export const hiddenName = (index: number): string => {
  const bytes = new Uint8Array(HIDDEN_NAME_BYTES);
  new DataView(bytes.buffer).setUint32(0, index);
  return encodeB64(bytes);
};
export const box = (bytes = 100): string => {
  const content = new Uint8Array(bytes);
  crypto.getRandomValues(content.subarray(0, Math.min(bytes, 65_536)));
  return encodeB64(content);
};

export class TestAccount {
  readonly key: SigningKey;
  private constructor(key: SigningKey) {
    this.key = key;
  }
  static async make(): Promise<TestAccount> {
    return new TestAccount(await signingKeyFromSeed(random(KEY_BYTES)));
  }

  async sign(method: string, path: string, body = '', atMs = clock.nowMs(), role: 'account' | 'node' = 'account'): Promise<string> {
    const { publicKey } = await coordinatorKeyOf(env);
    return signRequest(this.key, { coordinatorKey: publicKey, method, pathAndQuery: path, body: utf8(body) }, atMs, role);
  }

  async call(method: string, path: string, body?: unknown): Promise<Response> {
    const text = body === undefined ? '' : JSON.stringify(body);
    return call(method, path, { token: await this.sign(method, path, text), ...(body === undefined ? {} : { body: utf8(text) }) });
  }

  write(base: number, entries: readonly VaultChange[], head = box(69)): Promise<Response> {
    return this.call('POST', '/api/account/vault', { base, entries, head });
  }

  async read(since = 0, after?: string): Promise<VaultPage> {
    return (await this.call('GET', `/api/account/vault?since=${since}${after === undefined ? '' : `&after=${after}`}`)).json();
  }

  /** Every page. */
  async readAll(since = 0): Promise<VaultPage['entries']> {
    const entries: VaultPage['entries'] = [];
    let page = await this.read(since);
    for (entries.push(...page.entries); page.more; entries.push(...page.entries)) {
      const last = page.entries.at(-1)!;
      page = await this.read(last.revision, last.name);
    }
    return entries;
  }
}
