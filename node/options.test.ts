import { describe, expect, it } from 'vitest';
import { ConfigError } from './config-error.ts';
import { parseByteSize, parseNodeFlags } from './options.ts';

const REQUIRED = ['--data', '/tmp/x', '--coordinator', 'http://localhost:8787', '--operator', 'me'];

describe('the flags of a node', () => {
  it('are read with their defaults', () => {
    expect(parseNodeFlags(REQUIRED)).toMatchObject({ dataDir: '/tmp/x', coordinator: 'http://localhost:8787', operator: 'me', capacityBytes: 10 * 2 ** 30, port: 8790 });
    expect(parseNodeFlags([...REQUIRED, '--region', '52.5,-13.4', '--url', 'https://node.example/'])).toMatchObject({
      region: { latitude: 52.5, longitude: -13.4 },
      publicUrl: 'https://node.example',
    });
    expect(parseNodeFlags(REQUIRED, { SHARDSEND_HEARTBEAT_MS: '500' }).heartbeatMs).toBe(500);
  });

  it.each([
    ['--data is missing', ['--coordinator', 'http://x', '--operator', 'me']],
    ['--port takes a number', [...REQUIRED, '--port', '70000']],
    ['--capacity takes a size', [...REQUIRED, '--capacity', 'lots']],
    ['--region takes degrees', [...REQUIRED, '--region', '91,0']],
    ['--url takes an http', [...REQUIRED, '--url', 'ftp://x']],
    ['--operator takes a name', [...REQUIRED.slice(0, 4), '--operator', '<b>']],
    ['--tls-cert and --tls-key go together', [...REQUIRED, '--tls-cert', 'a.pem']],
    ["Unknown option '--colour'", [...REQUIRED, '--colour', 'red']],
  ])('are refused clearly: %s', (message, args) => {
    expect(() => parseNodeFlags(args)).toThrow(ConfigError);
    expect(() => parseNodeFlags(args)).toThrow(message);
  });

  it.each([
    ['1048576', 1_048_576],
    ['10GiB', 10 * 2 ** 30],
    ['1.5TB', 1.5e12],
    ['500 mib', 500 * 2 ** 20],
    ['3KB', 3000],
  ])('take the size %s', (text, bytes) => {
    expect(parseByteSize('--capacity', text)).toBe(bytes);
  });
});
