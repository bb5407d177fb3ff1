// @ts-check
/** Short names of rows, each told apart from the others. */

import {shortened} from '../format.js';

/** Letters of a label; more of them only where two would read the same. */
const LENGTHS = [22, 32, 48];

/**
 * Returns the names without what all begin with, and without "kernel" where that is the last part: shortened in their middle.
 * @param {string[]} names @returns {string[]}
 */
export function labelsOf(names) {
  const paths = names.map((name) => name.replace(/\/kernel$/, '').split('/'));
  const own = paths.map((parts) => parts.slice(shared(paths)).join('/'));
  const tries = LENGTHS.map((most) => own.map((name) => shortened(name, most)));
  const apart = new Set(own).size;
  return tries.find((labels) => new Set(labels).size === apart) ?? tries[tries.length - 1];
}

/** @param {string[][]} paths @returns {number} parts that all begin with; each keeps its last */
function shared(paths) {
  const most = Math.min(...paths.map((parts) => parts.length - 1));
  for (let count = 0; count < most; count++) {
    if (paths.some((parts) => parts[count] !== paths[0][count])) return count;
  }
  return Math.max(0, most);
}
