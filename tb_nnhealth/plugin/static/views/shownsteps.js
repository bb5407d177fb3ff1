// @ts-check
/** Which steps are shown, in words, where they are not all that there are. */

import {h} from '../dom.js';
import {steps, whole} from '../format.js';

/** @typedef {import('../api.js').Range} Range */

/**
 * What there is of a range that was asked for: a link may be of a longer run, or this one still grow into it.
 * @param {Range} asked @param {number} end the last step @returns {Range} null = all steps
 */
export function within(asked, end) {
  const last = Math.min(asked?.last ?? 0, end);
  return asked && last > asked.first ? {first: asked.first, last} : null;
}

/** @param {import('../dom.js').Slot} place @param {Range} asked @param {number} end the last step @param {() => void} clear */
export function tellSteps(place, asked, end, clear) {
  const range = within(asked, end);
  const told = !asked || end < 0 ? '' : range ? steps(range.first, range.last)
    : `There are no ${steps(asked.first, asked.last)}, the last is step ${whole(end)}: all are shown.`;
  place.show([told], () => told ? h('div.zoomed', {}, h('span', {role: range ? null : 'status'}, told),
    h('button', {type: 'button', 'data-key': 'all-steps', onclick: clear}, range ? 'Show all steps' : 'Close')) : null);
}
