/** What `shardsend send` says of how safely a transfer lies: one line for people, fields for scripts. docs/protocol.md §4, §10. */
import type { SendResult } from '../shared/client/index.ts';
import { weaknessesOf, type Weakness } from '../shared/client/send/weaknesses.ts';

type Lasting = Pick<SendResult, 'survives' | 'placement'>;

/** "Now" is the moment of sending: nodes still rebuild the shards that were not sent. */
export function survivalLine({ survives, placement }: Lasting): string {
  const { totalShards, survives: hardened } = placement;
  const all = `of its ${totalShards} nodes can fail`;
  const told = survives >= hardened.nodes ? `Any ${hardened.nodes} ${all}` : `${survives < 1 ? 'None' : `Any ${survives}`} ${all} now, soon any ${hardened.nodes}`;
  const weaknesses = weaknessesOf(placement).map((weakness) => clauseFor(weakness, placement));
  return `${told}.${weaknesses.length === 0 ? '' : ` The network is small: ${weaknesses.join('; ')}.`}`;
}

/** For the object that the command prints. `now` is below 1 where nodes failed meanwhile. */
export const survivalFields = ({ survives, placement }: Lasting) => ({ survives: { now: survives, ...placement.survives }, relaxed: placement.relaxed });

function clauseFor(weakness: Weakness, { survives: { operators } }: SendResult['placement']): string {
  switch (weakness) {
    case 'operators':
      return operators === 0 ? 'everything depends on one operator' : `of operators that run several nodes, any ${operators} can fail`;
    case 'places':
      return 'many nodes share a place or a provider and could fail together';
    case 'newcomers':
      return 'many nodes are new and unproven';
    case 'absences':
      return 'few nodes are always online, so a download may have to wait';
  }
}
