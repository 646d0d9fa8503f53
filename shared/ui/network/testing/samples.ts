/** Networks and nodes as tests show them: of every size and in every state. */
import type { NetworkSummary, NodeStatus } from '../../../protocol/node-status.ts';

const tb = (terabytes: number): number => Math.round(terabytes * 1e12);
type Transfers = NetworkSummary['transfers'];
type Day = NetworkSummary['lastDay'];
const margins = (...rows: readonly [margin: number, transfers: number, shards: number][]): Transfers['byMargin'] =>
  rows.map(([margin, transfers, shards]) => ({ margin, transfers, shards }));
const dayOf = (
  [proved, wrong, unanswered]: readonly [proved: number, wrong: number, unanswered: number],
  [jobs, shards, bytes]: readonly [jobs: number, shards: number, bytes: number],
  [served, refused]: readonly [served: number, refused: number],
): Day => ({ audits: { proved, wrong, unanswered }, repairs: { jobs, shards, bytes }, visits: { served, refused } });

const HOUR_MS = 3600_000;
const DAY_MS = 24 * HOUR_MS;

const nothing: NetworkSummary = {
  version: 1,
  atMs: 0,
  nodes: { total: 0, online: 0, byStanding: {}, byRegion: [], countries: 0 },
  capacityBytes: 0,
  freeBytes: 0,
  transfers: { live: 0, bytes: 0, byMargin: [] },
  lastDay: dayOf([0, 0, 0], [0, 0, 0], [0, 0]),
};

/** Six nodes on one machine, nothing sent yet. */
const small: NetworkSummary = {
  ...nothing,
  nodes: {
    total: 6,
    online: 6,
    byStanding: { unvetted: 6 },
    byRegion: [{ region: null, total: 6, online: 6, capacityBytes: 60e9, freeBytes: 60e9 }],
    countries: 0,
  },
  capacityBytes: 60e9,
  freeBytes: 60e9,
};

const healthy: NetworkSummary = {
  ...nothing,
  nodes: {
    total: 61,
    online: 58,
    byStanding: { unvetted: 7, vetted: 52, suspended: 1, leaving: 1 },
    byRegion: [
      { region: 'Europe', total: 28, online: 27, capacityBytes: tb(42), freeBytes: tb(25.1) },
      { region: 'North America', total: 19, online: 18, capacityBytes: tb(31), freeBytes: tb(21.7) },
      { region: 'Oceania', total: 4, online: 4, capacityBytes: tb(6), freeBytes: tb(4.4) },
      { region: 'East Asia', total: 8, online: 8, capacityBytes: tb(12), freeBytes: tb(7.9) },
      { region: null, total: 2, online: 1, capacityBytes: tb(1), freeBytes: tb(0.95) },
    ],
    countries: 17,
  },
  capacityBytes: tb(92),
  freeBytes: tb(60.05),
  transfers: {
    live: 1284,
    bytes: tb(12.4),
    byMargin: margins([4, 6, 1_512], [11, 9, 8_064], [13, 71, 96_420], [14, 1198, 1_843_512]),
  },
  lastDay: dayOf([21_504, 0, 34], [118, 9_204, 9.4e9], [57, 0]),
};

/** A region is away, and its space with it: some transfers wait, many are thin. */
const troubled: NetworkSummary = {
  ...healthy,
  nodes: {
    ...healthy.nodes,
    online: 31,
    byStanding: { unvetted: 7, vetted: 44, suspended: 5, quarantined: 3, disqualified: 1, leaving: 1 },
    byRegion: healthy.nodes.byRegion.map((region) => (region.region === 'Europe' ? { ...region, online: 0, capacityBytes: 0, freeBytes: 0 } : region)),
  },
  capacityBytes: tb(50),
  freeBytes: tb(34.95),
  transfers: {
    ...healthy.transfers,
    byMargin: margins([-2, 2, 384], [-1, 5, 960], [0, 38, 9_120], [1, 141, 40_608], [2, 406, 121_800], [4, 612, 191_304], [8, 80, 28_800]),
  },
  lastDay: dayOf([15_310, 212, 640], [2_418, 391_204, 401.2e9], [31, 9]),
};

/** The same region is away, for hours only: everything it holds still counts. */
const dark: NetworkSummary = {
  ...healthy,
  nodes: { ...troubled.nodes, byStanding: healthy.nodes.byStanding },
  capacityBytes: troubled.capacityBytes,
  freeBytes: troubled.freeBytes,
};

/** As large as a network may grow, in every region and standing. */
const big: NetworkSummary = {
  ...nothing,
  nodes: {
    total: 20_000,
    online: 18_764,
    byStanding: { unvetted: 1_204, vetted: 17_900, suspended: 611, quarantined: 48, disqualified: 121, leaving: 116 },
    byRegion: ['North America', 'South America', 'Europe', 'Africa', 'Middle East', 'South Asia', 'East Asia', 'Southeast Asia', 'Oceania', null].map((region, i) => ({
      region,
      total: 2_000,
      online: 1_876 + (i % 3),
      capacityBytes: tb((11 - i) * 1_480),
      freeBytes: tb((11 - i) * 520),
    })),
    countries: 131,
  },
  capacityBytes: tb(96_200),
  freeBytes: tb(33_800),
  transfers: {
    live: 4_541_667,
    bytes: tb(24_800),
    byMargin: Array.from({ length: 15 }, (_, margin) => ({ margin, transfers: 3 ** margin, shards: 3 ** margin * 2_400 })),
  },
  lastDay: dayOf([7_680_112, 1_204, 310_220], [412_118, 26_375_552, tb(27.6)], [19_877, 31]),
};

export const networks = { nothing, small, healthy, dark, troubled, big } as const;

/** @param atMs - when the numbers were published. */
export const summaryAt = (name: keyof typeof networks, atMs: number): NetworkSummary => ({ ...networks[name], atMs });

const NODE_ID = 'qLjX1LzvGWYGu6uQqWzQ0cVJ3mWf1pJtS3oZlq3mQ4A';

/** A vetted node in the best of health, heard just now. */
export function nodeAt(atMs: number, changes: Partial<NodeStatus> = {}): NodeStatus {
  return {
    nodeId: NODE_ID,
    operator: 'Harbour Street 12',
    version: '0.1.0',
    url: 'https://node.example.org:8790',
    standing: 'vetted',
    integrity: 1,
    availability: 0.9964,
    speed: 1.32,
    provedLeaves: 4_812,
    wrongLeaves: 0,
    epochMs: HOUR_MS,
    owedSinceMs: null,
    appealFromMs: null,
    holdings: { transfers: 214, bytes: 341e9, lastExpiresAtMs: atMs + 29 * DAY_MS },
    capacityBytes: 2e12,
    freeBytes: 1.65e12,
    registeredAtMs: atMs - 41 * DAY_MS,
    lastSeenMs: atMs - 12_000,
    history: [proven(atMs - 34 * DAY_MS)],
    ...changes,
  };
}

export function quarantinedAt(atMs: number): NodeStatus {
  const integrity = 0.9412;
  return nodeAt(atMs, {
    standing: 'quarantined',
    integrity,
    wrongLeaves: 38,
    owedSinceMs: atMs - 2 * HOUR_MS,
    history: [
      {
        atMs: atMs - 5 * HOUR_MS,
        from: 'vetted',
        to: 'quarantined',
        reason: { code: 'integrity_low', integrity, threshold: 0.97, wrongLeaves: 38 },
        sentence: 'Audits found 38 pieces missing or damaged; integrity is 94.1%. The node gets no new transfers and is audited more often. Check its disk.',
      },
      {
        atMs: atMs - 9 * DAY_MS,
        from: 'suspended',
        to: 'vetted',
        reason: { code: 'availability_recovered', availability: 0.661, threshold: 0.65 },
        sentence: 'The node was reachable 66.1% of the last week and takes transfers again.',
      },
      {
        atMs: atMs - 11 * DAY_MS,
        from: 'vetted',
        to: 'suspended',
        reason: { code: 'availability_low', availability: 0.587, threshold: 0.6 },
        sentence: 'The node was reachable 58.7% of the last week; below 60.0% it gets no new transfers. Keep it online and this lifts by itself.',
      },
      proven(atMs - 34 * DAY_MS),
    ],
  });
}

/** Out since yesterday, silent, and heard again in six days. */
export function disqualifiedAt(atMs: number): NodeStatus {
  return nodeAt(atMs, {
    standing: 'disqualified',
    integrity: 0.9188,
    wrongLeaves: 74,
    appealFromMs: atMs + 6 * DAY_MS,
    lastSeenMs: atMs - 9 * HOUR_MS,
    history: [
      {
        atMs: atMs - DAY_MS,
        from: 'quarantined',
        to: 'disqualified',
        reason: { code: 'integrity_lost', integrity: 0.9188, threshold: 0.92, wrongLeaves: 74 },
        sentence: 'Audits found 74 pieces missing or damaged; integrity fell to 91.9% and the node is out. You can appeal once the cause is mended.',
      },
      proven(atMs - 34 * DAY_MS),
    ],
  });
}

function proven(atMs: number): NodeStatus['history'][number] {
  return {
    atMs,
    from: 'unvetted',
    to: 'vetted',
    reason: { code: 'proved_itself', provedLeaves: 2_688, ageEpochs: 168 },
    sentence: 'The node has proven 2688 pieces over 168 hours and is now vetted.',
  };
}
