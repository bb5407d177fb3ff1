// @ts-check
/** Zero on a logarithmic axis, which has no place for it: it stands a decade below everything else. */

/** @typedef {(number | null)[]} Values at or above zero */

/** @param {Values[]} lines @returns {number | null} where zero stands, null where nothing is zero */
export function floorOf(lines) {
  const values = lines.flat();
  if (!values.includes(0)) return null;
  const least = values.reduce((/** @type {number} */ low, value) => (value && value < low ? value : low), Infinity);
  return least === Infinity ? 0.1 : Number(`1e${Math.floor(Math.log10(least)) - 1}`);
}

/** @param {Values[]} lines @param {number} floor @returns {Values[]} with what is zero at its place */
export const raised = (lines, floor) => lines.map((values) => values.map((value) => (value === 0 ? floor : value)));
