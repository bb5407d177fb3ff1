// @ts-check
/** How often each class is the target, and how often it is predicted. */

import {h} from '../dom.js';
import {quantity} from '../format.js';

/** @typedef {import('./charts.js').Source} Source */

const MOST_CLASSES = 40;
const HEIGHT = 104;

/**
 * @param {Source[]} sources counts of each class step by step: of the targets, of the predictions
 * @param {string[]} names the classes
 */
export function classBars(sources, names) {
  const parts = sources.map(({name, frame}) => ({name, shares: shares(frame)}));
  const total = (/** @type {number} */ index) => parts.reduce((sum, part) => sum + part.shares[index], 0);
  const every = names.map((_, index) => index);
  const shown = [...every].sort((a, b) => total(b) - total(a)).slice(0, MOST_CLASSES).sort((a, b) => a - b);
  const most = Math.max(...shown.flatMap((index) => parts.map((part) => part.shares[index]))) || 1;
  const bars = shown.map((index) => {
    const told = parts.map(({name, shares}) => `${quantity(shares[index], 'fraction')} of the ${name}`).join(', ');
    return h('div.class', {title: `class ${names[index]}: ${told}`},
      parts.map(({shares}, line) => h('i', {style: `height: ${(100 * shares[index]) / most}%; background: ${colour(line)}`})),
      h('span', {}, names[index]));
  });
  return h('div.strip', {style: `--height: ${HEIGHT}px`},
    h('div.gutter', {}, h('div.strip-title', {}, 'Class shares'),
      h('div.legend', {},
        parts.map(({name}, line) =>
          h('div.line', {}, h('span.swatch', {style: `background: ${colour(line)}`}), h('span.name', {}, name))),
        shown.length < every.length ? `the ${MOST_CLASSES} most frequent of ${every.length}` : '')),
    h('div.classes', {}, h('span.most', {}, quantity(most, 'fraction')), bars));
}

/** @param {number} line */
const colour = (line) => `var(--line-${line + 1})`;

/** @param {import('../api.js').Frame} frame @returns {number[]} of each class, over the steps shown; 0 where none was counted */
function shares(frame) {
  const counts = Array.from({length: frame.rows}, (_, row) =>
    frame.planes[0].subarray(row * frame.columns, (row + 1) * frame.columns).reduce((sum, count) => sum + (count || 0), 0));
  const all = counts.reduce((sum, count) => sum + count, 0) || 1;
  return counts.map((count) => count / all);
}
