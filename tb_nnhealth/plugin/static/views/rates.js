// @ts-check
/** The loss against the learning rate, which rises until the loss explodes: the marks with their names, the values under the pointer. */

import {h, svg} from '../dom.js';
import {decades, number, quantities, tickLabels, ticks} from '../format.js';
import {clamp} from '../scale.js';

/** @typedef {Record<string, any>} Json */

const [WIDTH, HEIGHT] = [1000, 100];

/** Room below the lowest value, and above the highest one that belongs in the chart, as parts of HEIGHT. */
const INSET = 5;

/** How far above its upper edge a curve is followed that leaves the chart. */
const BEYOND = -40;

/** From which part of the width on a mark's name stands left of it. */
const TURN = 0.62;

/** Pixels of the curves, and of the name of a mark above them. */
const [TALL, LANE] = [190, 17];

const [MOST_RATES, MOST_LOSSES] = [9, 4];

const HINT = 'Point, or use the arrow keys, for the values.';

/** `turned`: its name stands left of it. @typedef {{name: string, kind: string, rates: number[], turned: boolean}} Mark */

export class RatesChart {
  /** @param {Json} curve as the server tells it */
  constructor(curve) {
    this.curve = curve;
    /** The point that is read. @type {number | null} */
    this.at = null;
    this.cross = h('div.rates-cross', {hidden: true});
    this.dot = h('div.rates-dot', {hidden: true});
    this.said = h('p.said', {'aria-live': 'polite'}, HINT);
    const marks = marksOf(curve, (rate) => this.across(rate));
    const top = LANE * marks.length;
    this.plot = h('div.rates-plot', {},
      svg('svg', {viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true'},
        ...this.rules(), svg('path', {class: 'raw', d: this.path(curve.losses)}), svg('path', {class: 'smooth', d: this.path(curve.smoothed)})),
      this.cross, this.dot);
    const area = h('div.rates-area', {
      tabIndex: 0, role: 'group', 'aria-label': `${told(curve, marks)} Arrow keys read the curve.`,
      onpointermove: (/** @type {PointerEvent} */ event) => this.point(event),
      onpointerleave: () => this.read(null),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
      onblur: () => this.read(null),
    }, this.plot, svg('svg', {class: 'rates-marks', 'aria-hidden': 'true'}, ...marks.flatMap((mark, lane) => this.lines(mark, lane, top))), marks.map((mark, lane) => this.name(mark, lane)));
    this.node = h('figure.rates', {},
      h('figcaption', {}, h('b', {}, 'Loss by learning rate'), h('span.rates-key.raw', {}, h('i'), 'of single steps'), h('span.rates-key.smooth', {}, h('i'), 'smoothed')),
      h('div.rates-frame', {style: `--top: ${top}px; --tall: ${TALL}px`}, this.lossScale(), area, this.rateScale()),
      this.said);
  }

  /** @param {number} rate @returns {number} 0 at the left, 1 at the right */
  across(rate) {
    const {first, last} = this.curve;
    return Math.log(rate / first) / Math.log(last / first);
  }

  /** @param {number} loss @returns {number} parts of HEIGHT from the top */
  down(loss) {
    const {low, high, log} = this.curve;
    const share = log ? Math.log(Math.max(loss, low) / low) / Math.log(high / low) : (loss - low) / (high - low);
    return Math.max(BEYOND, INSET + (HEIGHT - 2 * INSET) * (1 - share));
  }

  /** @param {(number | null)[]} losses @returns {string} with a gap where the loss is not finite */
  path(losses) {
    let pen = false;
    return losses.map((loss, index) => {
      if (loss === null) return (pen = false) || '';
      const start = pen ? 'L' : 'M';
      pen = true;
      return `${start}${(WIDTH * this.across(this.curve.rates[index])).toFixed(1)} ${this.down(loss).toFixed(2)}`;
    }).join('');
  }

  /** @returns {number[]} losses that are told beside the chart */
  losses() {
    const {low, high, log} = this.curve;
    return log ? decades(low, high, MOST_LOSSES) : ticks(low, high, MOST_LOSSES);
  }

  rules() {
    return this.losses().map((loss) => svg('line', {class: 'rule', x1: 0, x2: WIDTH, y1: this.down(loss), y2: this.down(loss)}));
  }

  lossScale() {
    const losses = this.losses();
    const labels = this.curve.log ? losses.map(number) : tickLabels(losses);
    return h('div.rates-losses', {'aria-hidden': 'true'}, losses.map((loss, index) => h('span', {style: `top: ${this.down(loss)}%`}, labels[index])));
  }

  rateScale() {
    const {first, last} = this.curve;
    return h('div.rates-rates', {'aria-hidden': 'true'}, decades(first, last, MOST_RATES).map((rate) => h('span', {style: `left: ${100 * this.across(rate)}%`}, number(rate))));
  }

  /** Lines down from a lane of their own above the plot, where their name stands: so no two names lie on each other. @param {Mark} mark @param {number} lane @param {number} top of the curves */
  lines({kind, rates}, lane, top) {
    const across = rates.map((rate) => 100 * this.across(rate));
    const [left, right] = [across[0], across[across.length - 1]];
    return [
      ...(right > left ? [svg('rect', {class: kind, x: `${left}%`, width: `${right - left}%`, y: top, height: TALL})] : []),
      ...across.map((x) => svg('line', {class: kind, x1: `${x}%`, x2: `${x}%`, y1: LANE * lane + 3, y2: '100%'})),
    ];
  }

  /** @param {Mark} mark @param {number} lane */
  name({name, kind, rates, turned}, lane) {
    const left = 100 * this.across(rates[0]);
    return h(`span.rates-name.${kind}${turned ? '.turned' : ''}`, {style: `${turned ? `right: ${100 - left}%` : `left: ${left}%`}; top: ${LANE * lane}px`},
      `${name} `, h('b', {}, rates.map(number).join('–')));
  }

  /** @param {PointerEvent} event */
  point(event) {
    const box = this.plot.getBoundingClientRect();
    const share = clamp((event.clientX - box.left) / box.width);
    let nearest = 0;
    this.curve.rates.forEach((/** @type {number} */ rate, /** @type {number} */ index) => {
      if (Math.abs(this.across(rate) - share) < Math.abs(this.across(this.curve.rates[nearest]) - share)) nearest = index;
    });
    this.read(nearest);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const last = this.curve.rates.length - 1;
    const at = this.at;
    const next = {ArrowLeft: at === null ? last : at - 1, ArrowRight: at === null ? 0 : at + 1, Home: 0, End: last}[event.key];
    const isLeft = event.key === 'Escape' && at !== null;
    if (event.ctrlKey || event.metaKey || event.altKey || (next === undefined && !isLeft)) return;
    event.preventDefault();
    this.read(next === undefined ? null : Math.min(last, Math.max(0, next)));
  }

  /** Tells the values of a point. @param {number | null} at */
  read(at) {
    this.at = at;
    this.cross.hidden = this.dot.hidden = at === null;
    if (at === null) return void (this.said.textContent = HINT);
    const {rates, losses, smoothed} = this.curve;
    const [loss, smooth] = [losses[at], smoothed[at]];
    this.cross.style.left = this.dot.style.left = `${100 * this.across(rates[at])}%`;
    this.dot.hidden = smooth === null || smooth > this.curve.high;
    if (smooth !== null) this.dot.style.top = `${this.down(smooth)}%`;
    const [one, other] = quantities([loss ?? NaN, smooth ?? NaN]);
    this.said.replaceChildren('Learning rate ', h('b', {}, number(rates[at])), ': loss ', h('b', {}, loss === null ? 'not finite' : one),
      smooth === null ? '' : ', smoothed ', h('b', {}, smooth === null ? '' : other));
  }
}

/**
 * The marks in the order of their lanes, from the top: so that as few lines as can be go through the name of another.
 * @param {Json} curve @param {(rate: number) => number} across @returns {Mark[]}
 */
function marksOf({explosion, suggestion, own}, across) {
  const marks = [
    {name: own.length > 1 ? 'your schedule' : 'yours', kind: 'own', rates: own},
    {name: 'highest to try', kind: 'suggestion', rates: suggestion === null ? [] : [suggestion]},
    {name: 'explodes', kind: 'explosion', rates: explosion === null ? [] : [explosion]},
  ].filter(({rates}) => rates.length).map((mark) => ({...mark, turned: across(mark.rates[0]) > TURN}));
  return marks.sort((one, other) => Number(other.turned) - Number(one.turned) || (one.turned ? -1 : 1) * (one.rates[0] - other.rates[0]));
}

/** @param {Json} curve @param {Mark[]} marks */
function told({rates}, marks) {
  const named = marks.map(({name, rates: at}) => `${name} ${at.map(number).join(' to ')}`);
  return `${[`Loss by learning rate from ${number(rates[0])} to ${number(rates[rates.length - 1])}`, ...named].join(', ')}.`;
}
