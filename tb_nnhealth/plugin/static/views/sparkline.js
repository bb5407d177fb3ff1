// @ts-check
/** A finding's evidence as a small chart: the statistic over the steps, the limit in force, the steps it is about. */

import {h, svg} from '../dom.js';
import {quantity, steps as stepsText, whole, words} from '../format.js';
import {clamp, kindOf} from '../scale.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {{low: number, high: number, place: (value: number) => number}} Domain `place` is 0 at the bottom, 1 at the top
 */

const WIDTH = 240;
const HEIGHT = 56;

/** Height of the bar along the bottom that marks the steps of a finding: below the line, whatever shade lies on its side. */
const BAR = 3;

/** Room for the line's width above the highest value and below the lowest. */
const INSET = 5;

/** Positive values that differ by more than this stand on a logarithmic scale, whatever the statistic. */
const WIDE = 1000;

/** @param {Json} finding @param {Json} curve what the server sent of it */
export function sparkline(finding, curve) {
  const {steps, limit, unit} = curve;
  const domain = domainOf(curve);
  const last = steps[steps.length - 1];
  /** @param {number} step */
  const x = (step) => (last === steps[0] ? WIDTH / 2 : ((step - steps[0]) / (last - steps[0])) * WIDTH);
  /** @param {number} value */
  const y = (value) => INSET + (HEIGHT - 2 * INSET) * (1 - domain.place(value));
  const shapes = [
    ...beyond(curve, y),
    ...range(finding, x),
    svg('path', {class: 'band', d: band(curve, x, y)}),
    svg('path', {class: 'curve', d: line(curve, x, y)}),
    svg('path', {class: 'gone', d: gone(curve, x)}),
  ];
  const ruined = since(curve);
  const said = h('span.said', {}, title(curve));
  const picture = h('div.spark-plot', {
    role: 'img', 'aria-label': told(curve),
    onpointermove: (/** @type {PointerEvent} */ event) => {
      const box = picture.getBoundingClientRect();
      said.textContent = at(curve, steps[0] + ((event.clientX - box.left) / box.width) * (last - steps[0]));
    },
    onpointerleave: () => (said.textContent = title(curve)),
  }, svg('svg', {viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true'}, ...shapes),
  isDrawn(limit, domain) ? limitLabel(limit, unit, y(limit) / HEIGHT) : null,
  ruined === null ? null : h('span.lost-label', {'aria-hidden': 'true', style: beside(x(ruined) / WIDTH)}, 'NaN'));
  return h('figure.spark', {},
    h('figcaption', {}, said),
    h('div.spark-frame', {},
      h('div.spark-scale', {'aria-hidden': 'true'}, h('span', {}, mark(domain.high, unit)), h('span', {}, mark(domain.low, unit))),
      picture,
      h('div.spark-steps', {'aria-hidden': 'true'}, h('span', {}, stepsText(steps[0], null)), h('span', {}, last === steps[0] ? '' : whole(last)))));
}

/** @param {number} value @param {string} unit that the caption's words make clear, but for a share */
const mark = (value, unit) => quantity(value, unit === 'fraction' ? unit : '');

/** @param {Json} curve its row is "" where Keras logs it at the ends of epochs */
const title = ({statistic, row}) => words(statistic) + (row === '' ? ', by epoch' : row === 'step' ? '' : ` of ${row.split('/').slice(-2).join('/')}`);

/** @param {Json} curve @param {number} step @returns {string} the value at the sample nearest to a step */
function at({steps, values, low, high, lost, unit}, step) {
  let nearest = 0;
  steps.forEach((/** @type {number} */ other, /** @type {number} */ index) => {
    if (Math.abs(other - step) < Math.abs(steps[nearest] - step)) nearest = index;
  });
  const spread = low[nearest] === high[nearest] ? '' : `, between ${quantity(low[nearest], unit)} and ${quantity(high[nearest], unit)}`;
  const value = values[nearest] === null ? 'no finite value' : quantity(values[nearest], unit) + (lost[nearest] ? ' beside NaN' : '');
  return `step ${whole(steps[nearest])}: ${value}${spread}`;
}

/** @param {Json} curve */
function told(curve) {
  const {steps, unit, limit} = curve;
  const [low, high] = extremes(curve);
  const within = low > high ? '' : `, from ${quantity(low, unit)} to ${quantity(high, unit)}`;
  const ruined = since(curve);
  const spoilt = ruined === null ? '' : `, NaN from step ${whole(ruined)}`;
  return `${title(curve)}${spoilt}, ${stepsText(steps[0], steps[steps.length - 1])}${within}${limit === null ? '' : `; limit ${quantity(limit, unit)}`}`;
}

/** @param {Json} curve @param {boolean} [positive] only values above 0 @returns {[number, number]} */
function extremes({low, high}, positive = false) {
  const known = [...low, ...high].filter((value) => value !== null && (!positive || value > 0));
  return [Math.min(...known), Math.max(...known)];
}

/** @param {Json} curve @returns {Domain} that holds all values and the limit */
export function domainOf(curve) {
  const {statistic, limit, unit} = curve;
  const [least, most] = extremes(curve, true);
  const positive = most > 0 && extremes(curve)[0] >= 0;
  if (positive && (kindOf(statistic) === 'log' || most / least > WIDE)) {
    const given = limit > 0 ? [least, most, limit] : [least, most];
    const low = 10 ** Math.floor(Math.log10(Math.min(...given)));
    const high = 10 ** Math.max(Math.ceil(Math.log10(Math.max(...given))), Math.log10(low) + 1);
    return {low, high, place: (value) => (value > 0 ? clamp(Math.log(value / low) / Math.log(high / low)) : 0)};
  }
  const [bottom, top] = extremes(curve);
  const given = [...(bottom > top ? [0] : [bottom, top]), ...(limit === null ? [] : [limit])];
  const whole = unit === 'fraction' ? [0, 1] : [];
  const low = Math.min(...given, ...whole);
  const high = Math.max(...given, ...whole);
  const room = high > low ? 0 : Math.abs(high) / 10 || 1;
  return {low: low - (low === 0 ? 0 : room), high: high + room,
    place: (value) => clamp((value - low + (low === 0 ? 0 : room)) / (high - low + (low === 0 ? room : 2 * room)))};
}


/** @param {number | null} limit @param {Domain} domain @returns {limit is number} */
const isDrawn = (limit, {low, high}) => limit !== null && limit >= low && limit <= high;

/** @param {Json} finding @param {(step: number) => number} x @returns {SVGElement[]} the steps that a finding is about */
function range({first_step: first, last_step: last}, x) {
  if (first === null) return [];
  const left = Math.max(0, x(first));
  const right = Math.min(WIDTH, x(last ?? first));
  return right >= left ? [svg('rect', {class: 'range', x: left, width: Math.max(2, right - left), y: HEIGHT - BAR, height: BAR})] : [];
}

/** @param {Json} curve @param {(value: number) => number} y @returns {SVGElement[]} the limit, and the side that is not healthy */
function beyond({limit, reached}, y) {
  if (limit === null) return [];
  const edge = y(limit);
  const drawn = svg('line', {class: 'limit', x1: 0, x2: WIDTH, y1: edge, y2: edge});
  if (reached === null || reached === limit) return [drawn];
  const above = reached > limit;
  return [svg('rect', {class: 'beyond', x: 0, width: WIDTH, y: above ? 0 : edge, height: above ? edge : HEIGHT - edge}), drawn];
}

/** @param {number} limit @param {string} unit @param {number} down from the top, 0 to 1 */
const limitLabel = (limit, unit, down) =>
  h('span.limit-label', {'aria-hidden': 'true', style: down < 0.5 ? `top: ${100 * down}%` : `bottom: ${100 * (1 - down)}%`},
    `limit ${mark(limit, unit)}`);

/** @param {Json} curve @param {(step: number) => number} x @param {(value: number) => number} y @returns {string} with a gap where nothing is known */
function line({steps, values}, x, y) {
  let pen = false;
  const parts = values.map((/** @type {number | null} */ value, /** @type {number} */ index) => {
    if (value === null) return (pen = false) || '';
    const start = pen ? 'L' : 'M';
    pen = true;
    const point = `${x(steps[index]).toFixed(1)} ${y(value).toFixed(1)}`;
    return start === 'M' ? `M${point}h0` : `L${point}`;
  });
  return parts.join('');
}

/** @param {Json} curve @returns {number | null} the first step with NaN or infinity */
const since = ({steps, lost}) => steps[lost.indexOf(true)] ?? null;

/** @param {number} across 0 to 1 @returns {string} where a word stands that tells of a place */
const beside = (across) => (across < 0.8 ? `left: ${100 * across}%` : `right: ${100 * (1 - across)}%`);

/** @param {Json} curve @param {(step: number) => number} x @returns {string} marks along the lower edge, where there are NaN or infinities */
function gone({steps, lost}, x) {
  const height = HEIGHT - 2;
  return lost.map((/** @type {boolean} */ is, /** @type {number} */ index) =>
    (is ? `${lost[index - 1] ? 'H' : `M${x(steps[index]).toFixed(1)} ${height}H`}${x(steps[index]).toFixed(1)}` : '')).join('');
}

/** @param {Json} curve @param {(step: number) => number} x @param {(value: number) => number} y */
function band({steps, low, high}, x, y) {
  const known = steps.map((/** @type {number} */ _, /** @type {number} */ index) => index)
    .filter((/** @type {number} */ index) => low[index] !== null && high[index] !== null);
  if (!known.some((/** @type {number} */ index) => low[index] !== high[index])) return '';
  /** @param {number} index @param {number} value */
  const point = (index, value) => `${x(steps[index]).toFixed(1)} ${y(value).toFixed(1)}`;
  const there = known.map((/** @type {number} */ index) => point(index, high[index]));
  const back = [...known].reverse().map((index) => point(index, low[index]));
  return `M${[...there, ...back].join('L')}Z`;
}
