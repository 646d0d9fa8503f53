/** What a transfer bears. */

/**
 * How many whole groups can be lost at worst, the fullest first, before fewer than k shards are left.
 *
 * @param groups - of each stored shard of a segment, whom it would be lost with: its node, its operator.
 */
export function lossesSurvived(groups: readonly string[], requiredShards: number): number {
  const sizes = new Map<string, number>();
  for (const group of groups) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  let left = groups.length;
  let losses = 0;
  for (const size of [...sizes.values()].toSorted((a, b) => b - a)) {
    left -= size;
    if (left < requiredShards) break;
    losses += 1;
  }
  return losses;
}
