// @ts-check
/** Where the values of a line were taken, and since when they are NaN. */

import {isLost} from '../api.js';
import {whole} from '../format.js';

/** @param {import('../api.js').Frame} frame @param {number} row @param {number} column @returns {number} it, or the last before at which a value was taken */
export function lastTaken(frame, row, column) {
  while (column >= 0 && Number.isNaN(frame.planes[0][row * frame.columns + column]) && !isLost(frame, row, column)) column--;
  return column;
}

/** @param {import('../api.js').Frame} frame @param {number} row @param {number} column one that is NaN @returns {string} */
export function lostSince(frame, row, column) {
  const known = lastFinite(frame, row, column);
  const first = Array.from({length: column - known}, (_, index) => known + 1 + index).find((at) => isLost(frame, row, at)) ?? column;
  return `NaN since step ${whole(frame.first[first])}`;
}

/** @param {import('../api.js').Frame} frame @param {number} row @param {number} column @returns {number} */
function lastFinite(frame, row, column) {
  while (column >= 0 && Number.isNaN(frame.planes[0][row * frame.columns + column])) column--;
  return column;
}
