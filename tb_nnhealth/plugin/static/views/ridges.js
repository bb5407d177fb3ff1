// @ts-check
/** A tensor's histograms stacked over time, as TensorBoard's own dashboard has them: the oldest behind, the newest in front. */

import {h} from '../dom.js';
import {whole} from '../format.js';
import {binText, binsOf, columnsInView, shareText, summary, ticksOf} from './bins.js';
import {fit} from './canvas.js';

/**
 * @typedef {import('./distribution.js').Spread} Spread
 * @typedef {{width: number, span: number, bins: import('./bins.js').Bins, columns: number[], outlines: Path2D[]}} Shape how the ridges lie
 */

const HEIGHT = 210;

/** Pixels that the highest bar of a ridge takes, and those beside and below the ridges. */
const [TALLEST, LEFT, RIGHT, BOTTOM] = [56, 8, 44, 20];

/** Ridges that can be told apart. */
const MOST = 40;

const BETWEEN_LABELS = 38;

export class Ridges {
  /** @param {import('./axis.js').StepAxis} axis */
  constructor(axis) {
    this.axis = axis;
    /** @type {Spread | null} */
    this.shown = null;
    /** @type {import('./bins.js').Bins | null} */
    this.bins = null;
    /** @type {Shape | null} */
    this.shape = null;
    this.title = h('div.strip-title');
    this.said = h('div.said');
    this.canvas = h('canvas', {
      'aria-hidden': 'true',
      onpointermove: (/** @type {PointerEvent} */ event) => this.move(event),
      onpointerleave: () => axis.point(null, null),
    });
    this.node = h('div.ridges', {}, this.title, this.said, this.canvas);
    this.listener = (/** @type {number | null} */ step, /** @type {unknown} */ source) => source !== this && this.follow(step, null);
    axis.listeners.add(this.listener);
  }

  destroy() {
    this.axis.listeners.delete(this.listener);
  }

  /** @param {Spread} shown */
  update(shown) {
    const {frame} = shown;
    if (frame !== this.shown?.frame || !this.bins) this.bins = binsOf(frame);
    this.shown = shown;
    this.title.textContent = shown.title;
    const columns = apart(columnsInView(frame, this.axis));
    const width = this.node.clientWidth - LEFT - RIGHT;
    const isSame = this.shape?.bins === this.bins && this.shape.width === width && String(this.shape.columns) === String(columns);
    if (!isSame) this.shape = width > 0 ? this.lay(width, this.bins, columns) : null;
    this.follow(null, null);
  }

  /** @param {number} width @param {import('./bins.js').Bins} bins @param {number[]} columns @returns {Shape} */
  lay(width, bins, columns) {
    /** @type {Shape} */
    const shape = {width, bins, columns, span: HEIGHT - TALLEST - BOTTOM - 2, outlines: []};
    shape.outlines = columns.map((column, index) => this.outline(shape, column, this.baseline(shape, index)));
    return shape;
  }

  /** @param {Shape} shape @param {number} index of a ridge @returns {number} where it stands */
  baseline({columns, span}, index) {
    return TALLEST + 2 + (columns.length > 1 ? (index / (columns.length - 1)) * span : span);
  }

  /** @param {number | null} chosen ridge that is marked */
  draw(chosen) {
    const {shape, shown} = this;
    if (!shape || !shown) return;
    const context = fit(this.canvas, LEFT + shape.width + RIGHT, HEIGHT);
    const style = getComputedStyle(this.node);
    const [card, ink, text, dim, edge] = ['--card', '--line-1', '--text', '--dim', '--grid'].map((name) => style.getPropertyValue(name).trim());
    this.drawAxis(context, shape, edge, dim);
    shape.outlines.forEach((outline, index) => {
      context.fillStyle = card;
      context.fill(outline);
      context.globalAlpha = 0.25 + (0.65 * (index + 1)) / shape.columns.length;
      context.fillStyle = ink;
      context.fill(outline);
      context.globalAlpha = 1;
      context.lineWidth = index === chosen ? 1.5 : 0.75;
      context.strokeStyle = index === chosen ? text : card;
      context.stroke(outline);
    });
    this.drawSteps(context, shape, chosen, text, dim);
  }

  /** @param {Shape} shape @param {number} column @param {number} bottom @returns {Path2D} */
  outline({width, bins: {bounds, shares, columns, most}}, column, bottom) {
    const bin = width / bounds.length;
    const path = new Path2D();
    path.moveTo(LEFT, bottom);
    for (let b = 0; b < bounds.length; b++) {
      const top = bottom - (TALLEST * shares[b * columns + column]) / most;
      path.lineTo(LEFT + b * bin, top);
      path.lineTo(LEFT + (b + 1) * bin, top);
    }
    path.lineTo(LEFT + width, bottom);
    return path;
  }

  /** @param {CanvasRenderingContext2D} context @param {Shape} shape @param {string} edge @param {string} dim */
  drawAxis(context, {width, bins}, edge, dim) {
    const bin = width / bins.bounds.length;
    context.font = '11px system-ui, sans-serif';
    context.textAlign = 'center';
    for (const {at, label} of ticksOf(bins, BETWEEN_LABELS / bin)) {
      const x = LEFT + at * bin;
      context.fillStyle = edge;
      context.fillRect(Math.round(x), 2, 1, HEIGHT - BOTTOM);
      context.fillStyle = dim;
      context.fillText(label, Math.max(context.measureText(label).width / 2, x), HEIGHT - 5);
    }
  }

  /** Writes the steps of the first, the last and the marked ridge. @param {CanvasRenderingContext2D} context @param {Shape} shape @param {number | null} chosen @param {string} text @param {string} dim */
  drawSteps(context, shape, chosen, text, dim) {
    const {frame} = /** @type {Spread} */ (this.shown);
    const end = shape.columns.length - 1;
    context.textAlign = 'left';
    for (const index of new Set([chosen ?? end, 0, end])) {
      const y = this.baseline(shape, index);
      const isFree = index === chosen || chosen === null || Math.abs(y - this.baseline(shape, chosen)) > 12;
      if (index < 0 || !isFree) continue;
      context.fillStyle = index === chosen ? text : dim;
      context.fillText(whole(frame.last[shape.columns[index]]), LEFT + shape.width + 4, y + 3);
    }
  }

  /** @param {PointerEvent} event */
  move(event) {
    const {shape, shown} = this;
    if (!shape?.columns.length || !shown) return;
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left - LEFT, event.clientY - box.top];
    const index = shape.columns.findIndex((_, ridge) => this.baseline(shape, ridge) >= y - 2);
    const column = shape.columns[index < 0 ? shape.columns.length - 1 : index];
    const count = shape.bins.bounds.length;
    const bin = Math.min(count - 1, Math.max(0, Math.floor((x / shape.width) * count)));
    this.follow(shown.frame.last[column], bin);
    this.axis.point(shown.frame.last[column], this);
  }

  /** Marks the ridge nearest to a step, and says what it holds, in a bin or altogether. @param {number | null} step @param {number | null} bin */
  follow(step, bin) {
    const {shape, shown} = this;
    if (!shape || !shown) return;
    const {frame} = shown;
    const index = step === null ? null : nearest(shape.columns.map((column) => frame.last[column]), step);
    this.draw(index);
    const column = shape.columns[index ?? shape.columns.length - 1];
    if (column === undefined) return void (this.said.textContent = 'no histogram in these steps');
    const told = bin === null ? inShort(shape.bins, column)
      : `${shareText(shape.bins.shares[bin * frame.columns + column])} are ${binText(shape.bins, bin)}`;
    this.said.replaceChildren(h('b', {}, `step ${whole(frame.last[column])}`), `: ${told}`);
  }
}

/** @param {import('./bins.js').Bins} bins @param {number} column */
function inShort(bins, column) {
  const [most, half, few] = summary(bins, column).map(([, value]) => value);
  return most === undefined ? 'empty' : `90 % in ${few} to ${most}, median ${half}`;
}

/** @param {number[]} inside columns @returns {number[]} as many of them as can be told apart */
function apart(inside) {
  const count = Math.min(MOST, inside.length);
  return Array.from({length: count}, (_, index) => inside[Math.round((index * (inside.length - 1)) / Math.max(1, count - 1))]);
}

/** @param {number[]} steps @param {number} step @returns {number | null} the place of the nearest */
function nearest(steps, step) {
  if (!steps.length) return null;
  return steps.reduce((best, other, index) => (Math.abs(other - step) < Math.abs(steps[best] - step) ? index : best), 0);
}
