/** People send and fetch. */
import { chooseNodes, recordRefusal, recordSpeed } from '../../shared/policy/index.ts';
import { SendError } from '../../shared/protocol/errors.ts';
import { TransferLayout, contentBytesOf } from '../../shared/protocol/layout.ts';
import type { Network } from './network.ts';
import { drawSender } from './population.ts';
import { HOURS_PER_DAY } from './scenario.ts';
import { exists, type SimTransfer } from './sim-transfer.ts';
import { holeSeats, store } from './storing.ts';

const MEDIAN_CONTENT_BYTES = 8 * 2 ** 20;
const CONTENT_SIGMA = 2;
const MAX_CONTENT_BYTES = 20 * 2 ** 30;
/** What people choose: an hour, a day, a week, a month. */
const LIFETIMES = [
  { share: 0.1, hours: 1 },
  { share: 0.3, hours: 24 },
  { share: 0.4, hours: 7 * 24 },
  { share: 0.2, hours: 30 * 24 },
];
/** Nodes that a client fetches from at first: the fastest k and spares. */
const SPARE_NODES = 3;
const SPEED_NOISE = 0.3;

export function stepSending(network: Network): void {
  for (let i = network.streams.transfers.poisson(network.scenario.transfersPerHour); i > 0; i--) send(network);
}

function send(network: Network): void {
  const { measures, hour } = network;
  const random = network.streams.transfers;
  const contentBytes = contentBytesOf(Math.min(MAX_CONTENT_BYTES, Math.round(random.lognormal(MEDIAN_CONTENT_BYTES, CONTENT_SIGMA))));
  const { hours } = random.weighted(LIFETIMES);
  const sender = drawSender(random);
  const downloads = random.poisson(network.scenario.downloadsPerTransfer);
  let selection;
  try {
    selection = chooseNodes(network.directory, contentBytes, network.terms(random.seed(), sender));
  } catch (thrown) {
    if (!(thrown instanceof SendError)) throw thrown;
    measures.refused += 1;
    return;
  }
  const { requiredShards, totalShards, safeShards, relaxed } = selection;
  // The directory yields the nodes that it was made from.
  const seats = selection.nodes.map(({ nodeId }) => network.nodeById(nodeId));
  const layout = new TransferLayout(contentBytes, requiredShards);
  const transfer: SimTransfer = {
    id: `transfer ${measures.sent}`,
    requiredShards,
    totalShards,
    safeShards,
    contentBytes,
    segmentCount: layout.segmentCount,
    seatBytes: layout.shardBytesPerNode,
    sender,
    expiresHour: hour + hours,
    seats,
    stored: seats.map(() => false),
    holed: seats.map(() => false),
    had: new Set(),
    isLost: false,
  };
  const fastest = seats.map((node, seat) => ({ seat, pace: node.traits.pace })).toSorted((a, b) => b.pace - a.pace);
  for (const { seat } of fastest.slice(0, safeShards)) put(network, transfer, seat);
  noteSpeeds(network, transfer, fastest[totalShards >> 1]!.pace);
  measures.noteSent(transfer, hours / HOURS_PER_DAY, relaxed);
  network.transfers.add(transfer);
  network.changed.add(transfer);
  network.at(transfer.expiresHour, () => expire(network, transfer));
  for (let i = 0; i < downloads; i++) network.at(hour + random.below(hours), () => fetchTransfer(network, transfer));
}

/** Stores one seat's shards on its node; one that lies deletes some of them at once. */
export function put(network: Network, transfer: SimTransfer, seat: number): void {
  const node = transfer.seats[seat]!;
  store(transfer, seat, node);
  const { behaviour } = node.traits;
  if ((behaviour === 'liar' || behaviour === 'silent liar') && node.hasTurned(network.hour)) holeSeats(transfer, node, network.scenario.liarDeletes, network.streams.lives);
}

function noteSpeeds(network: Network, transfer: SimTransfer, medianPace: number): void {
  for (const node of transfer.seats) node.reputation = recordSpeed(node.reputation, (node.traits.pace / medianPace) * network.streams.transfers.lognormal(1, SPEED_NOISE));
}

function expire(network: Network, transfer: SimTransfer): void {
  for (const [seat, node] of transfer.seats.entries()) {
    if (!transfer.stored[seat]!) continue;
    node.transfers.delete(transfer);
    node.storedBytes -= transfer.seatBytes;
  }
  network.transfers.delete(transfer);
  network.changed.delete(transfer);
  network.repairs.delete(transfer);
}

function fetchTransfer(network: Network, transfer: SimTransfer): void {
  const { hour, measures } = network;
  const random = network.streams.downloads;
  const up = transfer.seats.flatMap((node, seat) => (node.isUp && exists(transfer, seat) ? [{ node, order: random.next() }] : []));
  const serving = up.filter(({ node }) => node.servesDownloads(hour));
  measures.noteDownload(serving.length >= transfer.requiredShards, network.isCalm);
  const asked = up.toSorted((a, b) => a.order - b.order).slice(0, transfer.requiredShards + SPARE_NODES);
  const source = `client ${measures.downloads}`;
  for (const { node } of asked) if (!node.servesDownloads(hour)) network.judged(node, recordRefusal(node.reputation, { epoch: hour, source, transferId: transfer.id }));
  if (asked.length > 0 && random.chance(network.scenario.falseReportRate)) {
    const { node } = random.pick(asked);
    network.judged(node, recordRefusal(node.reputation, { epoch: hour, source, transferId: transfer.id }));
  }
}
