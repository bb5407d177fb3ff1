// @ts-check
/** How the elements of a tensor spread over the magnitudes, step by step: a histogram over the shared steps. */

import {h} from '../dom.js';
import {whole} from '../format.js';
import {columnAt, columnEdges} from './axis.js';
import {binText, binsOf, columnsInView, shareText, summary, ticksOf} from './bins.js';
import {fit, hatch} from './canvas.js';

/** @typedef {{title: string, frame: import('../api.js').Frame}} Spread */

const HEIGHT = 132;
const RIGHT = 12;
const LABELS = 50;
const MARGIN = 8;
const BETWEEN_LABELS = 14;

/** How strong a share is painted: also a small one is seen. @param {number} share of the largest */
const strength = (share) => 0.06 + 0.94 * Math.sqrt(share);

export class Distribution {
  /** @param {import('./axis.js').StepAxis} axis */
  constructor(axis) {
    this.axis = axis;
    /** @type {Spread | null} */
    this.shown = null;
    /** @type {import('./bins.js').Bins | null} */
    this.bins = null;
    this.title = h('div.strip-title');
    this.legend = h('div.legend');
    this.shades = h('div.shades');
    this.canvas = h('canvas', {'aria-hidden': 'true'});
    this.cross = h('div.cross', {hidden: true});
    this.plot = h('div.strip-plot.spread', {
      onpointermove: (/** @type {PointerEvent} */ event) => this.move(event),
      onpointerleave: () => axis.point(null, null),
      ondblclick: () => axis.onzoom(null),
    }, this.canvas, this.cross);
    this.node = h('div.strip', {style: `--height: ${HEIGHT}px`}, h('div.gutter', {}, this.title, this.legend, this.shades), this.plot);
    this.listener = (/** @type {number | null} */ step, /** @type {unknown} */ source) => source !== this && this.follow(step, null);
    axis.listeners.add(this.listener);
  }

  destroy() {
    this.axis.listeners.delete(this.listener);
  }

  width() {
    return this.plot.clientWidth - LABELS - RIGHT;
  }

  /** @param {Spread} shown @param {boolean} dark */
  update(shown, dark) {
    if (shown.frame !== this.shown?.frame || !this.bins) this.bins = binsOf(shown.frame);
    this.shown = shown;
    this.title.textContent = shown.title;
    if (this.width() > 0) this.draw(shown.frame, this.bins, dark);
    this.follow(null, null);
  }

  /** @param {import('../api.js').Frame} frame @param {import('./bins.js').Bins} bins @param {boolean} dark */
  draw(frame, bins, dark) {
    const style = getComputedStyle(this.node);
    const context = fit(this.canvas, this.plot.clientWidth, HEIGHT);
    const {bounds, shares, most} = bins;
    const bin = (HEIGHT - 2 * MARGIN) / bounds.length;
    const bottom = HEIGHT - MARGIN;
    const edges = columnEdges(frame);
    const x = (/** @type {number} */ step) => LABELS + Math.min(this.width(), Math.max(0, this.axis.toPixel(step, this.width())));
    hatch(context, LABELS, LABELS + this.width(), HEIGHT, dark);
    for (let c = 0; c < frame.columns; c++) {
      const [left, right] = [x(edges[c]), x(edges[c + 1])];
      if (right <= left || Number.isNaN(frame.planes[0][c])) continue;
      context.fillStyle = style.getPropertyValue('--card').trim();
      context.fillRect(left, 0, right - left + 0.5, HEIGHT);
      context.fillStyle = style.getPropertyValue('--line-1').trim();
      for (let b = 0; b < bounds.length; b++) {
        const share = shares[b * frame.columns + c];
        if (!(share > 0)) continue;
        context.globalAlpha = strength(share / most);
        context.fillRect(left, bottom - (b + 1) * bin, right - left + 0.5, bin + 0.5);
      }
      context.globalAlpha = 1;
      context.fillStyle = style.getPropertyValue('--text').trim();
      context.fillRect(x(frame.last[c]), HEIGHT - 4, 1, 4);
    }
    context.fillStyle = style.getPropertyValue('--dim').trim();
    context.font = '11px system-ui, sans-serif';
    context.textAlign = 'right';
    for (const {at, label} of ticksOf(bins, BETWEEN_LABELS / bin)) {
      const y = bottom - at * bin;
      context.fillText(label, LABELS - 7, Math.min(HEIGHT - 3, y + 4));
      context.fillRect(LABELS - 4, Math.round(y), 4, 1);
    }
    this.shades.replaceChildren('0 %', h('i', {style: `background: ${shading()}`}), shareText(most));
  }

  /** @param {PointerEvent} event */
  move(event) {
    const box = this.plot.getBoundingClientRect();
    const x = event.clientX - box.left - LABELS;
    const step = x < 0 || x > this.width() ? null : this.axis.toStep(x, this.width());
    this.follow(step, step === null ? null : event.clientY - box.top);
    this.axis.point(step, this);
  }

  /** Says what the histogram at a step holds: in the bin at a height of the plot, or altogether. @param {number | null} step @param {number | null} y */
  follow(step, y) {
    const {shown, bins} = this;
    if (!shown || !bins) return;
    const {frame} = shown;
    this.cross.hidden = step === null;
    if (step !== null) this.cross.style.transform = `translateX(${Math.round(LABELS + this.axis.toPixel(step, this.width()))}px)`;
    const column = step === null ? columnsInView(frame, this.axis).at(-1) ?? -1 : columnAt(frame, step);
    if (column < 0) return void this.legend.replaceChildren('no histogram in these steps');
    const count = bins.bounds.length;
    const bin = y === null ? -1 : Math.floor(((HEIGHT - MARGIN - y) / (HEIGHT - 2 * MARGIN)) * count);
    const line = (/** @type {[string, string]} */ [name, value]) => h('div.line', {}, h('span.name', {}, name), h('b', {}, value));
    this.legend.replaceChildren(line(['histogram of step', whole(frame.last[column])]), ...summary(bins, column).map(line),
      ...(bin >= 0 && bin < count ? [line([binText(bins, bin), shareText(bins.shares[bin * frame.columns + column])])] : []));
  }
}

/** @returns {string} the colours from no element to the largest share, as CSS */
const shading = () => `linear-gradient(to right, ${[0, 0.1, 0.3, 0.6, 1].map((share) =>
  `color-mix(in srgb, var(--line-1) ${Math.round(100 * (share ? strength(share) : 0))}%, var(--card)) ${100 * share}%`).join(', ')})`;
