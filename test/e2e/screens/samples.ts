/** What the screens show: plain, and as strange as strangers make it. */
import type { Progress, SendResult, TransferInfo } from '../../../shared/client/types.ts';
import type { ManifestFile } from '../../../shared/protocol/manifest.ts';
import type { ChosenFile } from '../../../shared/ui/selection.ts';

const DAY_MS = 86_400_000;
export const ID = 'AAECAwQFBgcICQoLDA0ODw';
export const LINK = `https://send.example/d/${ID}#ARDeWj0Xq2S7b6Kc1mVtYpLr8UeHgNfDs9oQzTxwBvi4kaJyRE`;
export const inDays = (days: number): number => Date.now() + days * DAY_MS;

export interface Sample {
  readonly path: string;
  readonly bytes: number;
}

export const one: readonly Sample[] = [{ path: 'holiday film.mp4', bytes: 1_234_567_890 }];
export const album: readonly Sample[] = [
  { path: 'album/cover.jpg', bytes: 482_113 },
  { path: 'album/notes.txt', bytes: 1_204 },
  { path: 'album/2024/beach.jpg', bytes: 4_812_330 },
  { path: 'album/2024/harbour at night.jpg', bytes: 5_120_400 },
  { path: 'album/2025/lake.mp4', bytes: 912_004_113 },
  { path: 'contract.pdf', bytes: 220_118 },
];
/** As long, as backward, as hidden and as deep as names get. */
export const strange: readonly Sample[] = [
  { path: `${'a very long name that goes on and on '.repeat(6).trim()}.final.v2 (copy).tar.gz`, bytes: 999_999_999_999 },
  { path: `${'nospaces'.repeat(29)}.bin`, bytes: 0 },
  { path: 'تقرير نهائي للسنة المالية ٢٠٢٥ مع جميع الملاحق والجداول والرسوم البيانية.pdf', bytes: 5_300_000 },
  { path: 'invoice\u202Efdp.exe', bytes: 73_000 },
  { path: `${Array.from({ length: 12 }, (_, i) => `folder ${i + 1}`).join('/')}/deep.txt`, bytes: 12 },
  { path: '日本語のとても長いファイル名はここで折り返されるべきではありません、最後まで読めるように.txt', bytes: 88 },
  { path: '👩‍👩‍👧‍👦 family.png', bytes: 1_048_576 },
  { path: '<img src=x onerror=alert(1)>.html', bytes: 2_048 },
];
export const thousands: readonly Sample[] = Array.from({ length: 10_000 }, (_, i) => ({ path: `measurements/run ${String(i).padStart(5, '0')}.csv`, bytes: 40_000 + i }));

/** Files whose bytes nobody asks for. */
export const chosen = (samples: readonly Sample[]): ChosenFile[] =>
  samples.map(({ path, bytes }) => ({ path, file: Object.defineProperty(new File([], path.slice(path.lastIndexOf('/') + 1)), 'size', { value: bytes }) }));

const manifest = (samples: readonly Sample[]): ManifestFile[] => samples.map((sample) => ({ ...sample, type: '', modifiedMs: null }));

export const infoOf = (samples: readonly Sample[], changes: Partial<TransferInfo> = {}): TransferInfo => ({
  transferId: ID,
  kind: 'files',
  files: manifest(samples),
  bytes: samples.reduce((sum, { bytes }) => sum + bytes, 0),
  expiresAtMs: inDays(6.5),
  downloadsLeft: null,
  upload: null,
  ...changes,
});

export const halfway = (totalBytes: number): Progress => ({ doneBytes: Math.floor(totalBytes * 0.42), totalBytes, bytesPerSecond: 11_700_000, secondsLeft: 61 });
/** As far from done as can be: days at a crawl. */
export const crawl: Progress = { doneBytes: 123_456_789, totalBytes: 109_951_162_777_600, bytesPerSecond: 812, secondsLeft: 987_654 };

export const sentResult = (bytes: number, changes: Partial<SendResult> = {}): SendResult => ({
  transferId: ID,
  linkId: ID,
  link: LINK,
  password: false,
  ownerToken: '',
  contentSecret: '',
  createdAtMs: Date.now(),
  expiresAtMs: inDays(7),
  bytes,
  sentBytes: bytes * 1.4,
  survives: 4,
  placement: { totalShards: 24, survives: { nodes: 14, operators: 14 }, relaxed: [] },
  problems: [],
  ...changes,
});
