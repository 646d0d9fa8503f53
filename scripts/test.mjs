// `npm test`: everything that a change must pass, from a fresh clone on. Ends with `N passed, N failed`. Tests count one
// each; a step before them (build, types, lint, a browser) counts only when it fails. `--slow` adds the slow project.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensureChromium } from './chromium.mjs';
import { ensureEngines } from './engines.mjs';
import { ensureInstalled, environment, pinnedNode, root } from './ensure.mjs';

ensureInstalled();
const slow = process.argv.includes('--slow');
const env = environment();
const failures = [];
const step = (title, command, ...args) => {
  process.stdout.write(`\n— ${title}\n`);
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env, shell: process.platform === 'win32' });
  if (status !== 0) failures.push(title);
};
const bin = (name) => path.join(root, 'node_modules', '.bin', name);

const chromium = ensureChromium();
if (chromium) env.CHROMIUM_PATH = chromium;
else failures.push('a browser: install Chromium or Chrome, or set CHROMIUM_PATH');
const engines = ensureEngines();
Object.assign(env, engines.paths);
for (const engine of engines.missing) failures.push(`a browser: ${engine}`);
step('build', pinnedNode, 'scripts/build.mjs');
step('types', pinnedNode, 'scripts/typecheck.mjs');
step('lint', bin('oxlint'));
step('format', bin('oxfmt'), '--check', '.');

process.stdout.write('\n— tests\n');
const folder = mkdtempSync(path.join(tmpdir(), 'shardsend-test-'));
const outcome = path.join(folder, 'outcome.json');
const projects = slow ? [] : ['--project', '!slow'];
const vitest = spawnSync(
  pinnedNode,
  [path.join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...projects, '--reporter=default', '--reporter=json', `--outputFile.json=${outcome}`],
  {
    cwd: root,
    stdio: 'inherit',
    env,
  },
);
const counts = readCounts();
rmSync(folder, { recursive: true });
if (vitest.status !== 0 && counts.failed === 0) failures.push('the test runner: see its messages above');

const failed = counts.failed + failures.length;
for (const failure of failures) process.stdout.write(`FAILED ${failure}\n`);
process.stdout.write(`\n${counts.passed} passed, ${failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}\n`);
process.exit(failed === 0 ? 0 : 1);

/** Sums up Vitest's report. A file that could not be loaded has no tests, and counts as one that failed. */
function readCounts() {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  let report;
  try {
    report = JSON.parse(readFileSync(outcome, 'utf8'));
  } catch {
    return counts; // it ended before it could report, with a code that says so
  }
  for (const { status, assertionResults } of report.testResults) {
    const statuses = assertionResults.map((test) => test.status);
    counts.passed += statuses.filter((state) => state === 'passed').length;
    counts.skipped += statuses.filter((state) => state === 'skipped' || state === 'pending' || state === 'todo').length;
    const failed = statuses.filter((state) => state === 'failed').length;
    counts.failed += failed === 0 && status === 'failed' ? 1 : failed;
  }
  return counts;
}
