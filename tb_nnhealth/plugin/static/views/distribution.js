// @ts-check
/** How the elements of a tensor spread over the magnitudes, step by step: a histogram over the shared steps. */

import {h} from '../dom.js';
import {number} from '../format.js';
import {columnAt, columnEdges} from './axis.js';
import {fit} from './canvas.js';

/**
 * `frame.rows` are the bins of `vocabulary.py`: negative from large to small magnitude, zero, positive from small to large.
 * @typedef {import('../api.js').Frame} Frame
 * @typedef {{title: string, frame: Frame}} Spread
 */

const LOWEST_EXPONENT = -32;
const EXPONENTS = 48;
const HEIGHT = 104;
const RIGHT = 12;
const LABELS = 50;
const MARGIN = 8;
/** @type {[string, number][]} */
const QUANTILES = [['95 % below', 0.95], ['median', 0.5], ['5 % below', 0.05]];

export class Distribution {
  /** @param {import('./axis.js').StepAxis} axis */
  constructor(axis) {
    this.axis = axis;
    /** @type {Spread | null} */
    this.shown = null;
    this.title = h('div.strip-title');
    this.legend = h('div.legend');
    this.canvas = h('canvas', {'aria-hidden': 'true'});
    this.cross = h('div.cross', {hidden: true});
    this.plot = h('div.strip-plot.spread', {
      onpointermove: (/** @type {PointerEvent} */ event) => this.move(event),
      onpointerleave: () => axis.point(null, null),
      ondblclick: () => axis.onzoom(null),
    }, this.canvas, this.cross);
    this.node = h('div.strip', {style: `--height: ${HEIGHT}px`}, h('div.gutter', {}, this.title, this.legend), this.plot);
    this.listener = (/** @type {number | null} */ step) => this.follow(step);
    axis.listeners.add(this.listener);
  }

  destroy() {
    this.axis.listeners.delete(this.listener);
  }

  width() {
    return this.plot.clientWidth - LABELS - RIGHT;
  }

  /** @param {Spread} shown */
  update(shown) {
    this.shown = shown;
    this.title.textContent = shown.title;
    if (this.width() > 0) this.draw(shown.frame);
    this.follow(null);
  }

  /** @param {Frame} frame */
  draw(frame) {
    const style = getComputedStyle(this.node);
    const context = fit(this.canvas, this.plot.clientWidth, HEIGHT);
    const [low, high] = filled(frame);
    const bin = (HEIGHT - 2 * MARGIN) / (high - low + 1);
    const bottom = HEIGHT - MARGIN;
    const edges = columnEdges(frame);
    const most = frame.planes[0].reduce((best, share) => (share > best ? share : best), 0) || 1;
    context.fillStyle = style.getPropertyValue('--line-1').trim();
    for (let c = 0; c < frame.columns; c++) {
      const left = LABELS + Math.max(0, this.axis.toPixel(edges[c], this.width()));
      const right = LABELS + Math.min(this.width(), this.axis.toPixel(edges[c + 1], this.width()));
      for (let b = low; b <= high && right > left; b++) {
        const share = frame.planes[0][b * frame.columns + c];
        if (!(share > 0)) continue;
        context.globalAlpha = 0.06 + 0.94 * Math.sqrt(share / most);
        context.fillRect(left, bottom - (b - low + 1) * bin, right - left + 0.5, bin + 0.5);
      }
    }
    context.globalAlpha = 1;
    context.fillStyle = style.getPropertyValue('--dim').trim();
    context.font = '11px system-ui, sans-serif';
    context.textAlign = 'right';
    for (const b of new Set([low, high, ...(low < EXPONENTS && high > EXPONENTS ? [EXPONENTS] : [])])) {
      context.fillText(number(valueOf(b)), LABELS - 4, bottom - (b - low + 0.5) * bin + 4);
    }
  }

  /** @param {PointerEvent} event */
  move(event) {
    const x = event.clientX - this.plot.getBoundingClientRect().left - LABELS;
    this.axis.point(x < 0 || x > this.width() ? null : this.axis.toStep(x, this.width()), null);
  }

  /** @param {number | null} step */
  follow(step) {
    if (!this.shown) return;
    const {frame} = this.shown;
    this.cross.hidden = step === null;
    if (step !== null) this.cross.style.transform = `translateX(${Math.round(LABELS + this.axis.toPixel(step, this.width()))}px)`;
    const column = step === null ? frame.columns - 1 : columnAt(frame, step);
    this.legend.replaceChildren(...QUANTILES.map(([name, share]) =>
      h('div.line', {}, h('span.name', {}, name), h('b', {}, number(quantile(frame, column, share))))));
  }
}

/** @param {number} bin @returns {number} a value in the middle of the bin */
function valueOf(bin) {
  if (bin === EXPONENTS) return 0;
  const exponent = LOWEST_EXPONENT + (bin < EXPONENTS ? EXPONENTS - 1 - bin : bin - EXPONENTS - 1);
  return Math.sign(bin - EXPONENTS) * Number((1.5 * 2 ** exponent).toPrecision(1));
}

/** @param {Frame} frame @returns {[number, number]} the lowest and the highest bin that ever held something */
function filled(frame) {
  const used = Array.from({length: frame.rows}, (_, bin) => bin).filter((bin) =>
    frame.planes[0].subarray(bin * frame.columns, (bin + 1) * frame.columns).some((share) => share > 0));
  return used.length ? [used[0], used[used.length - 1]] : [0, frame.rows - 1];
}

/** @param {Frame} frame @param {number} column @param {number} share @returns {number} NaN where the column is empty */
function quantile(frame, column, share) {
  let sum = 0;
  for (let bin = 0; bin < frame.rows && column >= 0; bin++) {
    sum += frame.planes[0][bin * frame.columns + column];
    if (sum >= share) return valueOf(bin);
  }
  return NaN;
}
