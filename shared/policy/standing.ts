/**
 * What the network makes of a node, from its audits and its presence: decided by reputation, obeyed by selection and
 * repair.
 */

/**
 * - `unvetted`: new; at most two of a transfer's nodes, until it has proven itself.
 * - `vetted`: takes transfers.
 * - `suspended`: away too often; keeps what it holds, takes nothing new until it is back.
 * - `quarantined`: failed audits; takes nothing new and is audited harder.
 * - `disqualified`: lost or altered what it held; its shards count as lost. An appeal makes it unvetted again.
 * - `leaving`: its operator winds it down; its shards move first.
 */
export type Standing = (typeof STANDINGS)[number];

/** Every standing; the order is that of their numbers in a published snapshot, so new ones come last. */
export const STANDINGS = ['unvetted', 'vetted', 'suspended', 'quarantined', 'disqualified', 'leaving'] as const;
