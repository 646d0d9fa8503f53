import { describe, expect, it } from 'vitest';
import { isPublicHost, networkOf } from './address.ts';

describe('public hosts', () => {
  it.each(['node.example.com', 'a.b.co.uk', '8.8.8.8', '172.15.0.1', '172.32.0.1', '100.63.0.1', '198.20.0.1', '[2a00:1450::1]', '[2001:4860::8888]', 'node.example.com.'])(
    '%s is one',
    (host) => {
      expect(isPublicHost(host)).toBe(true);
    },
  );
  it.each([
    'localhost',
    'node.localhost',
    'printer.local',
    'db.internal',
    'intranet',
    'router.home.arpa',
    'x.test',
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '198.51.100.7',
    '[::1]',
    '[::]',
    '[fe80::1]',
    '[fc00::1]',
    '[ff02::1]',
    '[::ffff:127.0.0.1]',
    '[2001:db8::1]',
    '[2002:7f00:1::]',
    '',
  ])('%s is none', (host) => {
    expect(isPublicHost(host)).toBe(false);
  });
  it('cannot be disguised: a URL normalises every spelling of an IPv4 address', () => {
    for (const host of ['0x7f.1', '2130706433', '127.1', '0177.0.0.1']) expect(isPublicHost(new URL(`https://${host}/`).hostname), host).toBe(false);
  });
});

describe('the network of a node', () => {
  it.each([
    ['203.0.113.77', '203.0.113.0/24'],
    ['[2A00:1450:4001:0812::200e]', '2a00:1450:4001:812::/64'],
    ['2a00:1450:4001:812:1:2:3:4', '2a00:1450:4001:812::/64'],
    ['node.example.com', 'node.example.com'],
  ])('of %s is %s', (host, network) => expect(networkOf(host)).toBe(network));
  it('is that of the address it registered from where its host is a name', () => {
    expect(networkOf('node.example.com', '203.0.113.9')).toBe('203.0.113.0/24');
    expect(networkOf('198.51.100.9', '203.0.113.9')).toBe('198.51.100.0/24');
    expect(networkOf('Node.Example.com.', undefined)).toBe('node.example.com');
  });
});
