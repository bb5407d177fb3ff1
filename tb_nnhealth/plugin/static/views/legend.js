// @ts-check
/** What the heat map's colours mean. */

import {h} from '../dom.js';
import {colour, legendColour, legendTicks, place} from '../scale.js';
import {fit, mark} from './canvas.js';

const WIDTH = 220;
const HEIGHT = 10;

/** @param {import('../scale.js').Scale} scale @param {boolean} dark @param {boolean} hasBad whether something is NaN or infinite */
export function legend(scale, dark, hasBad) {
  const bar = h('canvas', {'aria-hidden': 'true'});
  const context = fit(bar, WIDTH, HEIGHT);
  for (let x = 0; x < WIDTH; x++) {
    context.fillStyle = `rgb(${legendColour(scale, x / (WIDTH - 1), dark).join(' ')})`;
    context.fillRect(x, 0, 1.5, HEIGHT);
  }
  const labels = legendTicks(scale).map(({at, label}) => h('span', {style: `left: ${100 * at}%`}, label));
  return h('div.scale', {role: 'group', 'aria-label': 'Colours'},
    h('div.bar', {}, bar, h('div.ticks', {}, labels)),
    scale.band ? h('span.key', {}, swatch(colour(scale, place(scale, scale.band.low ?? scale.low), dark)), 'within the rules’ limits for one value') : null,
    scale.log ? h('span.key', {}, ground('zero', dark), 'exactly 0') : null,
    hasBad ? h('span.key', {}, ground('nonfinite', dark), 'NaN or Inf') : null,
    h('span.key', {}, h('i.hatched'), 'not measured'));
}

/** @param {number[]} rgb */
const swatch = (rgb) => h('i.swatch-box', {style: `background: rgb(${rgb.join(' ')})`});

/** @param {'zero' | 'nonfinite'} kind @param {boolean} dark */
function ground(kind, dark) {
  const canvas = h('canvas.swatch-box', {'aria-hidden': 'true'});
  const context = fit(canvas, 16, HEIGHT);
  context.fillStyle = mark(context, kind, dark);
  context.fillRect(0, 0, 16, HEIGHT);
  return canvas;
}
