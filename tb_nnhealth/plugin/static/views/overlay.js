// @ts-check
/** The same chart of several runs, one over the other: their frames on common steps, each run in its colour. */

import {columnAt} from './axis.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import('../api.js').Frame} Frame
 * @typedef {import('./strip.js').Chart} Chart
 * A run's series of a row, whose frame has the table's columns as rows; its place among the runs is its colour.
 * @typedef {{name: string, whole: string, colour: number, facts: Json, frame: Frame}} Part
 */

/**
 * @param {string} title @param {Part[]} parts @param {{table: string, statistic: string}} choice
 * @param {{log: boolean, unit: string, height: number}} look @returns {Chart} without the runs that lack the statistic
 */
export function overlay(title, parts, {table, statistic}, look) {
  const measured = parts.flatMap((part) => {
    const index = part.facts.tables[table]?.columns.findIndex((/** @type {Json} */ column) => column.name === statistic) ?? -1;
    return index < 0 || index >= part.frame.rows ? [] : [{...part, index}];
  });
  const steps = common(measured.map(({frame}) => frame));
  const lines = measured.map(({name, whole, colour, frame, index}) => ({name, whole, colour, row: 0, frame: on(steps, frame, index)}));
  return {title, ...look, lines};
}

/** @param {Frame[]} frames @returns {Float64Array} the steps at which any of them has a column */
const common = (frames) => Float64Array.from([...new Set(frames.flatMap(({first}) => [...first]))].sort((a, b) => a - b));

/**
 * @param {Float64Array} steps @param {Frame} frame @param {number} row
 * @returns {Frame} of that row alone: at each step its nearest column's, NaN before its first one and after its last
 */
export function on(steps, frame, row) {
  const end = frame.columns ? frame.last[frame.columns - 1] : -1;
  const columns = Array.from(steps, (step) => (frame.columns && step >= frame.first[0] && step <= end ? columnAt(frame, step) : -1));
  const planes = frame.planes.map((plane) =>
    Float32Array.from(columns, (column) => (column < 0 ? NaN : plane[row * frame.columns + column])));
  return {rows: 1, columns: steps.length, first: steps, last: steps, planes};
}
