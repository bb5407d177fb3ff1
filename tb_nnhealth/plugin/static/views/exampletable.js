// @ts-check
/** Examples of numbers, words and text: a row for each. */

import {h} from '../dom.js';
import {told, value} from './exhibit.js';

/** @typedef {Record<string, any>} Json */

/** What was to be predicted and what was stands first: inputs of many columns must not push it out of sight. */
const ORDER = ['target', 'prediction', 'input', 'first'];

/** @param {Json} gallery */
export function table({exhibits: given, examples, right}) {
  const exhibits = inPairs(given);
  const hasNames = exhibits.some((/** @type {Json} */ {columns}) => columns.length > 1);
  const names = exhibits.flatMap((/** @type {Json} */ {columns}) => (columns.length > 1 ? columns : []));
  return h('div.scroll-x', {tabIndex: 0, role: 'region', 'aria-label': 'Table of the examples'}, h('table.example-table', {},
    h('thead', {},
      h('tr', {}, h('th', {scope: 'col', rowSpan: hasNames ? 2 : 1}, h('span.unseen', {}, 'Example')), exhibits.map((/** @type {Json} */ {heading, columns, kind}) =>
        h(kind === 'numbers' && columns.length === 1 ? 'th.value' : 'th', {scope: columns.length > 1 ? 'colgroup' : 'col', colSpan: columns.length, rowSpan: hasNames && columns.length === 1 ? 2 : 1}, h('bdi', {}, heading)))),
      hasNames ? h('tr', {}, names.map((/** @type {string} */ name) => h('th.value', {scope: 'col'}, h('bdi', {}, name)))) : null),
    h('tbody', {}, Array.from({length: examples}, (_, place) => h('tr', {'data-right': right[place] === null ? null : String(right[place])},
      h('th', {scope: 'row'}, String(place + 1)), exhibits.map((/** @type {Json} */ exhibit) => cells(exhibit, place, right[place])))))));
}

/** @param {Json[]} given @returns {Json[]} by their stages, each target beside the prediction of its name */
function inPairs(given) {
  const [targets, predictions, inputs, firsts] = ORDER.map((stage) => given.filter((exhibit) => exhibit.stage === stage));
  const paired = targets.flatMap((target) => [target, ...predictions.filter(({name}) => name === target.name)]);
  return [...new Set([...paired, ...predictions, ...inputs, ...firsts])];
}

/** @param {Json} exhibit @param {number} place @param {boolean | null} isRight */
function cells(exhibit, place, isRight) {
  if (exhibit.kind === 'numbers') return exhibit.values[place].map((/** @type {number | null} */ one) => h('td.value', {}, told(one)));
  return h('td', {'data-kind': exhibit.kind, 'data-stage': exhibit.stage}, value(exhibit, place, exhibit.stage === 'prediction' && isRight !== null ? isRight : undefined));
}
