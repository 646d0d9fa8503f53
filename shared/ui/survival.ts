/** What a sender is told of how safely a transfer lies. docs/protocol.md §4, §10. */
import { weaknessesOf, type Weakness } from '../client/send/weaknesses.ts';
import type { SendResult } from '../client/types.ts';
import { sendingTexts } from './messages/sending.ts';
import { sayFrom } from './say.ts';

const say = sayFrom(sendingTexts);

/**
 * How many computers can fail, in one sentence. It is said once, while nodes still rebuild what the sender did not
 * upload: of its two numbers the one for "now" becomes too small with time, and never too large.
 */
export function survivalText({ survives, placement }: Pick<SendResult, 'survives' | 'placement'>): string {
  const { totalShards, survives: hardened } = placement;
  if (survives >= hardened.nodes) return say('done.survives', hardened.nodes, totalShards);
  // Nodes failed while the last segments were on their way.
  if (survives < 1) return say('done.survives.soon', hardened.nodes, totalShards);
  return say('done.survives.growing', survives, hardened.nodes, totalShards);
}

/** What it means that the network is too small for some rules; null where there is nothing to weigh. */
export function smallNetworkText(placement: SendResult['placement']): string | null {
  const weaknesses = weaknessesOf(placement);
  return weaknesses.length === 0 ? null : [say('done.small'), ...weaknesses.map((weakness) => sentenceFor(weakness, placement))].join(' ');
}

function sentenceFor(weakness: Weakness, { survives }: SendResult['placement']): string {
  return weakness === 'operators' ? say('done.small.operators', survives.operators) : say(`done.small.${weakness}`);
}
