// @ts-check
/** Examples of numbers, words and text: a row for each. */

import {h} from '../dom.js';
import {told, value} from './exhibit.js';

/** @typedef {Record<string, any>} Json */

/** @param {Json} gallery */
export function table({exhibits, examples, right}) {
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

/** @param {Json} exhibit @param {number} place @param {boolean | null} isRight */
function cells(exhibit, place, isRight) {
  if (exhibit.kind === 'numbers') return exhibit.values[place].map((/** @type {number | null} */ one) => h('td.value', {}, told(one)));
  return h('td', {'data-kind': exhibit.kind}, value(exhibit, place, exhibit.stage === 'prediction' && isRight !== null ? isRight : undefined));
}
