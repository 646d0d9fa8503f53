/**
 * Every test of the repository, in projects that run one after another: what is quick and pure first, what starts
 * real processes or browsers last and at most two files at a time, each with ports of its own.
 */
import { defineConfig } from 'vitest/config';

const MINUTE_MS = 60_000;
/** Needs minutes or gigabytes: runs with `npm run test:slow` alone. */
const SLOW = '**/*.slow.test.ts';
/** What nodes are given depends on how busy they are: nothing else runs beside these. */
const ALONE = ['test/network/cost.test.ts'];
const NEVER = ['**/node_modules/**', '**/dist/**', '**/.shardsend/**', '**/.output/**', '**/.wxt/**'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          environment: 'node',
          include: ['{shared,node,cli,scripts,extension,web,test/property,test/simulation,test/vectors}/**/*.test.ts'],
          exclude: [...NEVER, SLOW, '**/*.workerd.test.ts'],
          testTimeout: MINUTE_MS,
          sequence: { groupOrder: 0 },
        },
      },
      // The coordinator’s tests run inside workerd and bring a configuration of their own.
      'worker/vitest.config.ts',
      {
        test: {
          name: 'alone',
          setupFiles: ['test/support/state-home.ts'],
          environment: 'node',
          include: ALONE,
          testTimeout: 5 * MINUTE_MS,
          hookTimeout: 2 * MINUTE_MS,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'network',
          setupFiles: ['test/support/state-home.ts'],
          environment: 'node',
          include: ['test/{network,fault}/**/*.test.ts'],
          exclude: [...NEVER, ...ALONE, SLOW],
          testTimeout: 5 * MINUTE_MS,
          hookTimeout: 2 * MINUTE_MS,
          // What is waited for here are clocks of nodes that hang or drip: two files keep two cores busy.
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'e2e',
          setupFiles: ['test/support/state-home.ts'],
          environment: 'node',
          include: ['test/e2e/**/*.test.ts'],
          exclude: [...NEVER, SLOW],
          testTimeout: 5 * MINUTE_MS,
          hookTimeout: 2 * MINUTE_MS,
          maxWorkers: 2,
          sequence: { groupOrder: 4 },
        },
      },
      {
        test: {
          name: 'slow',
          setupFiles: ['test/support/state-home.ts'],
          environment: 'node',
          include: [`{shared,node,cli,test}/${SLOW}`],
          exclude: NEVER,
          testTimeout: 30 * MINUTE_MS,
          hookTimeout: 5 * MINUTE_MS,
          fileParallelism: false,
          sequence: { groupOrder: 5 },
        },
      },
    ],
  },
});
