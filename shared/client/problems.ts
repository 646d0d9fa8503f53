/** What was met at nodes, in words for a message. */
import type { NodeProblem } from './types.ts';

/** ` (127.0.0.1:8788: node_full, …)`; empty where there are none. */
export function describeProblems(problems: readonly NodeProblem[]): string {
  const list = problems.map(({ url, code }) => `${new URL(url).host}: ${code}`).join(', ');
  return list === '' ? '' : ` (${list})`;
}
