// @ts-check
/** One tensor of one example: a picture, words, text, numbers, or classes. */

import {h, icon} from '../dom.js';
import {number, quantity} from '../format.js';

/** @typedef {Record<string, any>} Json */

/** Numbers of an example that are shown without being asked for. */
const MOST = 8;

/** @param {Json} exhibit @param {number} place of the example @param {boolean} [isRight] whether it is what a right prediction is @returns {Node} */
export function value(exhibit, place, isRight) {
  const shown = exhibit.values[place];
  if (exhibit.kind === 'picture') return picture(exhibit, place);
  if (exhibit.kind === 'text') return h('bdi.text', {}, shown || '(empty)');
  if (exhibit.kind === 'tokens') return tokens(shown);
  if (exhibit.kind === 'classes') return classes(exhibit, shown, isRight);
  return numbers(shown.map(told));
}

/** @param {string[]} all */
function numbers(all) {
  const few = (/** @type {string[]} */ some) => h('span.numbers', {}, some.join(', '));
  if (all.length <= MOST) return few(all);
  return h('details.numbers', {}, h('summary', {}, few(all.slice(0, MOST)), h('span.dim', {}, ` and ${all.length - MOST} more`)), few(all.slice(MOST)));
}

/** @param {number | null} one @returns {string} of what is not finite, that it is not */
export const told = (one) => (one === null ? 'not finite' : number(one));

/** @param {Json} exhibit @param {number} place */
function picture({size: [height, width], heading, values}, place) {
  return h('img.pixels', {src: `data:image/png;base64,${values[place]}`, alt: `${heading} of example ${place + 1}`, width, height, style: `aspect-ratio: ${width} / ${height}`});
}

/** @param {[number, string][]} ids */
const tokens = (ids) => h('span.tokens', {}, ids.map(([id, word]) => h('span.token', {title: `id ${id}`}, word ? h('bdi', {}, word) : h('i', {}, String(id)), ' ')));

/** @param {Json} exhibit @param {[number, number | null, string][]} foremost @param {boolean} [isRight] */
function classes({stage, unit}, foremost, isRight) {
  if (!foremost.length) return h('span.dim', {}, stage === 'target' ? 'none of the classes' : 'not finite');
  return h('span.answers', {}, foremost.map(([id, share, name], rank) => h(rank ? 'span.answer.dim' : 'span.answer', {},
    h('span', {}, rank || isRight === undefined ? null : [verdict(isRight), ' '], h('bdi', {}, name || String(id)), name ? h('span.dim', {}, ` (${id})`) : null),
    stage === 'target' && share === 1 ? null : h('span.share', {}, share === null ? 'not finite' : quantity(share, unit)))));
}

/** @param {boolean} isRight */
const verdict = (isRight) => h('span.verdict-mark', {'data-state': isRight ? 'pass' : 'error'}, icon(isRight ? 'pass' : 'error'), h('span.unseen', {}, isRight ? 'right:' : 'wrong:'));
