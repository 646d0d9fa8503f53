/** What a download shows of itself: how long it takes or what it waits for, and how fast it is. */
import type { Progress } from '../client/types.ts';
import { standing } from './forward.ts';
import { receivingTexts } from './messages/receiving.ts';
import type { ReceiveState } from './receive-machine.ts';
import { sayFrom } from './say.ts';

const say = sayFrom(receivingTexts);

/**
 * While the sender is not done, no time is told: what came fast is only what was there, and the rest takes as long as the
 * sender does.
 *
 * @returns `waiting` is what is said where `progress` knows no time.
 */
export function downloadProgress({ progress, upload, ending }: Pick<Extract<ReceiveState, { step: 'receiving' }>, 'progress' | 'upload' | 'ending'>): {
  readonly progress: Progress | null;
  readonly waiting: string;
} {
  if (ending !== null) return { progress: standing(progress), waiting: say(ending === 'cancel' ? 'receiving.cancelling' : 'receiving.pausing') };
  if (upload === null) return { progress, waiting: say('receiving.starting') };
  const flowing = progress && { ...progress, secondsLeft: null };
  return { progress: upload.sender === 'active' ? flowing : standing(progress), waiting: say(`live.rest.${upload.sender}`) };
}
