/** The coordinator's tests, inside workerd. Pages come from a stand-in, nodes from worker/testing. */
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';
import { coordinatorRuntime } from '../workerd.config.ts';

const PAGES: Record<string, string> = { '/index.html': 'send', '/d.html': 'receive', '/network.html': 'network', '/assets/app-1a2b3c.js': 'code' };

export default defineConfig({
  plugins: [
    cloudflareTest({
      main: './index.ts',
      miniflare: {
        ...coordinatorRuntime,
        bindings: { COORDINATOR_SEED: 'AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA', HEARTBEAT_MS: '30000', ALLOW_SHARED_HOSTS: 'true' },
        // Under other names than the coordinator's own: it has none but where a test gives it these.
        ratelimits: { TIGHT_CLIENT_RATE: { namespace_id: '1', simple: { limit: 3, period: 60 } }, TIGHT_NODE_RATE: { namespace_id: '2', simple: { limit: 3, period: 60 } } },
        serviceBindings: {
          ASSETS(request) {
            const page = PAGES[new URL(request.url).pathname];
            const response = new Response(page ?? null, { status: page === undefined ? 404 : 200, headers: { 'Content-Type': 'text/html' } });
            return response as never; // Node's Response stands in for Miniflare's own
          },
        },
      },
    }),
  ],
  test: {
    name: 'worker',
    include: ['**/*.workerd.test.ts'],
    testTimeout: 60_000,
    sequence: { groupOrder: 1 },
  },
});
