import { expect, it } from 'vitest';
import { SendError, type NodeStatus } from '../../shared/protocol/index.ts';
import { watchExit } from './watch-exit.ts';

const holding = (transfers: number): NodeStatus => ({ holdings: { transfers, bytes: transfers * 1000, lastExpiresAtMs: null } }) as NodeStatus;

/** What a watch saw, of a coordinator that answers these one after another. */
async function watch(answers: readonly (NodeStatus | SendError)[], signal = new AbortController().signal, delay = async (): Promise<void> => {}) {
  const seen: number[] = [];
  let troubles = 0;
  let at = 0;
  const status = async (): Promise<NodeStatus> => {
    const answer = answers[at++]!;
    if (answer instanceof SendError) throw answer;
    return answer;
  };
  const isEmpty = await watchExit(holding(3), { status, delay, onStatus: ({ holdings }) => seen.push(holdings.transfers), onTrouble: () => troubles++ }, signal);
  return { isEmpty, seen, troubles };
}

it('follows a leaving node until it holds nothing, through answers that fail', async () => {
  expect(await watch([holding(2), new SendError('unavailable'), holding(1), holding(0)])).toEqual({ isEmpty: true, seen: [3, 2, 1, 0], troubles: 1 });
});

it('ends when it is told to, and says that something is left', async () => {
  const stop = new AbortController();
  const delay = async (): Promise<void> => stop.abort();
  expect(await watch([], stop.signal, delay)).toEqual({ isEmpty: false, seen: [3], troubles: 0 });
});
