import { describe, expect, it } from 'vitest';
import type { UploadSeen } from '../client/types.ts';
import { downloadProgress } from './download-progress.ts';
import { formatSecondsLeft } from './format.ts';
import { receivingTexts } from './messages/receiving.ts';

/** Everything that is there came within two seconds. */
const progress = { doneBytes: 31, totalBytes: 100, bytesPerSecond: 50, secondsLeft: 1.4 };
const upload = (sender: UploadSeen['sender']): UploadSeen => ({ sender, doneBytes: 31, totalBytes: 100 });
/** What stands beside the bar. */
const said = (state: Parameters<typeof downloadProgress>[0]): string => {
  const { progress: shown, waiting } = downloadProgress(state);
  return shown === null || shown.secondsLeft === null ? waiting : formatSecondsLeft(shown.secondsLeft);
};

describe('what stands beside the bar of a download', () => {
  it('is how long it takes, once everything is there and the first bytes came', () => {
    expect(said({ progress, upload: null, ending: null })).toBe(formatSecondsLeft(1.4));
    expect(said({ progress: null, upload: null, ending: null })).toBe(receivingTexts['receiving.starting']);
  });

  it.each(['active', 'paused', 'silent'] as const)('is never a time while the sender is not done, who is %s: the rest takes as long as that takes', (sender) => {
    for (const now of [progress, null]) expect(said({ progress: now, upload: upload(sender), ending: null })).toBe(receivingTexts[`live.rest.${sender}`]);
  });

  it('is a pace for as long as the sender sends, and none while nobody knows when more comes', () => {
    const paceOf = (sender: UploadSeen['sender']): number | undefined => downloadProgress({ progress, upload: upload(sender), ending: null }).progress?.bytesPerSecond;
    expect([paceOf('active'), paceOf('paused'), paceOf('silent')]).toEqual([50, 0, 0]);
    expect(downloadProgress({ progress, upload: upload('paused'), ending: null }).progress?.doneBytes).toBe(31);
  });

  it('is that the person’s wish was heard, whatever else it waits for', () => {
    for (const now of [null, upload('active')]) {
      expect(said({ progress, upload: now, ending: 'cancel' })).toBe(receivingTexts['receiving.cancelling']);
      expect(said({ progress, upload: now, ending: 'person' })).toBe(receivingTexts['receiving.pausing']);
    }
  });
});
