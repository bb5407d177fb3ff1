// @ts-check
/** Where a statistic is healthy: between the limits of the rules that judge it. */

/**
 * null = no limit on that side.
 * @typedef {{low: number | null, high: number | null}} Band
 * A limit of a rule, in force as the scorecard says, or a number.
 * @typedef {[rule: string, limit: string] | number} Limit
 */

/** The rule on small updates finds what is ten times below the usual: the band is that which is usual. @type {Record<string, {low?: Limit, high?: Limit}>} */
const BANDS = {
  update_ratio: {low: 1e-4, high: ['high-update-ratio', 'warning']},
  dead_unit_fraction: {high: ['dead-units', 'warning']},
  saturated_fraction: {high: ['saturated-activation', 'warning']},
  gradient_missing: {high: ['missing-gradient', 'error']},
  value_kurtosis: {high: ['non-gaussian-weights', 'kurtosis']},
  update_kurtosis: {high: ['non-gaussian-update', 'kurtosis']},
};

/** @param {Record<string, any>} card the scorecard @param {string} statistic @returns {Band | null} null where no limit is known */
export function bandOf(card, statistic) {
  const limits = BANDS[statistic];
  if (!limits) return null;
  const band = {low: valueOf(card, limits.low), high: valueOf(card, limits.high)};
  const isOrdered = band.low === null || band.high === null || band.low < band.high;
  return (band.low !== null || band.high !== null) && isOrdered ? band : null;
}

/** @param {Record<string, any>} card @param {Limit | undefined} limit @returns {number | null} */
function valueOf(card, limit) {
  if (!Array.isArray(limit)) return limit ?? null;
  const [name, which] = limit;
  return card.rules.find((/** @type {Record<string, any>} */ rule) => rule.name === name)?.limits[which] ?? null;
}
