// @ts-check
/** The matrix of the heat map: cut out of one that holds every sample of it, where that is there, and else fetched. */

import * as api from './api.js';

/**
 * @typedef {{table: string, statistic: string, range: api.Range, columns: number, log: boolean}} Asked what a matrix is to show
 * `extent` holds where the statistic goes in the whole run: its colours stand for that, whatever part is shown.
 * @typedef {api.Frame & {asked: Asked, extent: Float32Array}} Shown
 * @typedef {Shown & {source: Shown | null}} Matrix `source` is what it was cut out of, null where it was fetched
 */

/**
 * @param {string} run @param {Matrix | null} there the one that is shown, of the same state of the run @param {Asked} asked
 * @returns {Promise<Matrix>}
 */
export async function matrixOf(run, there, asked) {
  if (there && JSON.stringify(there.asked) === JSON.stringify(asked)) return there;
  const source = there && (there.source ?? there);
  if (source && holds(source, asked)) return {...cut(source, asked.range), asked, extent: source.extent, source};
  const {table, statistic, range, columns, log} = asked;
  const [{planes: [far, near = far, ...counts], ...frame}, extent] = await Promise.all([
    api.matrix(run, table, statistic, range, columns, log), api.extent(run, table, statistic),
  ]);
  return {...frame, planes: [far, near, ...counts], asked, extent, source: null};
}

/** @param {Shown} source @param {Asked} asked @returns {boolean} whether it has each sample of what is asked for in a column of its own */
function holds({asked: {table, statistic, range: all}, first, last}, {range, ...asked}) {
  const isOfIt = table === asked.table && statistic === asked.statistic;
  const covers = all === null || (range !== null && all.first <= range.first && all.last >= range.last);
  return isOfIt && covers && first.every((step, column) => step === last[column]);
}

/** @param {api.Frame} frame @param {api.Range} range @returns {api.Frame} its columns in the range, and the one before and the one after */
function cut({rows, columns, first, last, planes}, range) {
  const begin = range ? Math.max(0, first.filter((step) => step < range.first).length - 1) : 0;
  const end = range ? Math.min(columns, first.filter((step) => step <= range.last).length + 1) : columns;
  const width = end - begin;
  const parts = planes.map((plane) => {
    const part = new Float32Array(rows * width);
    for (let row = 0; row < rows; row++) part.set(plane.subarray(row * columns + begin, row * columns + end), row * width);
    return part;
  });
  return {rows, columns: width, first: first.slice(begin, end), last: last.slice(begin, end), planes: parts};
}
