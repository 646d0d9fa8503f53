/** How likely a download fails at one instant: that fewer than k of a transfer's nodes are up. */

/**
 * The distribution of a sum of independent trials with unequal chances (Poisson binomial), by convolution: exact, in
 * n · k steps.
 *
 * @param up - chance of each node to be up, 0 to 1.
 * @returns chance that fewer than `required` of them are.
 */
export function chanceOfFewerThan(required: number, up: readonly number[]): number {
  // chances[j]: that exactly j of the nodes so far are up, for j < required.
  const chances = new Float64Array(required);
  if (required > 0) chances[0] = 1;
  for (const chance of up) {
    for (let j = required - 1; j > 0; j--) chances[j] = chances[j]! * (1 - chance) + chances[j - 1]! * chance;
    chances[0] = chances[0]! * (1 - chance);
  }
  let sum = 0;
  for (const chance of chances) sum += chance;
  return sum;
}
