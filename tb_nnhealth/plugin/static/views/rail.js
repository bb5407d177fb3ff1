// @ts-check
/** All lines of the heat map at once, in place of a scroll bar: no spike is lost where lines are scrolled out of sight. */

import {h} from '../dom.js';
import {palette, place} from '../scale.js';
import {columnEdges} from './axis.js';
import {NONFINITE, fit} from './canvas.js';

/**
 * @typedef {import('./tree.js').Item} Item
 * @typedef {{low: number, high: number, bad: boolean}} Reach what a line comes to, NaN where nothing was measured
 * `top` and `height` are of what is in view, in pixels; `whole` is the height of all lines.
 * @typedef {{summary: import('./extremes.js').Summary | null, items: Item[], axis: import('./axis.js').StepAxis, scale: import('../scale.js').Scale,
 *   dark: boolean, top: number, height: number, whole: number}} Shown
 */

/** Pixels across: the highest value on the left half, the lowest on the right one. */
const WIDTH = 10;

const LEAST_THUMB = 10;

export class Rail {
  /** @param {(share: number) => void} go to the line at a share of all lines */
  constructor(go) {
    /** What the picture was made of. @type {unknown[]} */
    this.drawn = [];
    this.canvas = h('canvas');
    this.thumb = h('div.thumb');
    const follow = (/** @type {PointerEvent} */ event) => {
      const box = this.node.getBoundingClientRect();
      go((event.clientY - box.top) / box.height);
    };
    this.node = h('div.rail', {
      hidden: true, 'aria-hidden': 'true', title: 'All rows: the highest values on the left, the lowest on the right. Click or drag to go there.',
      onpointerdown: (/** @type {PointerEvent} */ event) => {
        this.node.setPointerCapture(event.pointerId);
        follow(event);
      },
      onpointermove: (/** @type {PointerEvent} */ event) => event.buttons && follow(event),
    }, this.canvas, this.thumb);
  }

  /** @param {Shown} shown */
  update({summary, items, axis, scale, dark, top, height, whole}) {
    this.node.hidden = whole <= height || !summary;
    if (this.node.hidden || !summary) return;
    const thumb = Math.max(LEAST_THUMB, (height * height) / whole);
    this.thumb.style.height = `${thumb}px`;
    this.thumb.style.transform = `translateY(${((height - thumb) * top) / (whole - height)}px)`;
    const inputs = [summary, items, axis.first, axis.last, scale, dark, height];
    if (inputs.every((input, index) => Object.is(input, this.drawn[index]))) return;
    this.drawn = inputs;
    this.draw(reaches(summary, items, axis), scale, dark, height);
  }

  /** @param {Reach[]} lines @param {import('../scale.js').Scale} scale @param {boolean} dark @param {number} height */
  draw(lines, scale, dark, height) {
    const context = fit(this.canvas, WIDTH, height);
    const colours = palette(scale, dark);
    for (let y = 0; y < height; y++) {
      const from = Math.floor((y * lines.length) / height);
      const {low, high, bad} = together(lines.slice(from, Math.max(from + 1, Math.ceil(((y + 1) * lines.length) / height))));
      [high, low].forEach((value, half) => {
        if (!bad && Number.isNaN(value)) return;
        context.fillStyle = bad ? NONFINITE[0] : css(colours[Math.round(255 * place(scale, value))]);
        context.fillRect((half * WIDTH) / 2, y, WIDTH / 2, 1);
      });
    }
  }
}

/** @param {import('./extremes.js').Summary} summary @param {Item[]} items @param {import('./axis.js').StepAxis} axis @returns {Reach[]} over the steps shown */
function reaches(summary, items, {first, last}) {
  const edges = columnEdges(summary.frame);
  const columns = [...Array(summary.frame.columns).keys()].filter((c) => edges[c + 1] >= first && edges[c] <= last);
  return items.map((item) => reach(summary.of(item), columns));
}

/** @param {import('./extremes.js').Extremes} extremes @param {number[]} columns @returns {Reach} */
function reach({low, high, bad}, columns) {
  const found = {low: NaN, high: NaN, bad: false};
  for (const c of columns) {
    if (!(found.low <= low[c]) && low[c] === low[c]) found.low = low[c];
    if (!(found.high >= high[c]) && high[c] === high[c]) found.high = high[c];
    found.bad ||= (bad !== null && bad[c] > 0) || Math.abs(low[c]) === Infinity || Math.abs(high[c]) === Infinity;
  }
  return found;
}

/** @param {Reach[]} lines @returns {Reach} */
function together(lines) {
  const known = lines.filter(({low}) => !Number.isNaN(low));
  const bad = lines.some((line) => line.bad);
  if (!known.length) return {low: NaN, high: NaN, bad};
  return {low: Math.min(...known.map(({low}) => low)), high: Math.max(...known.map(({high}) => high)), bad};
}

/** @param {number} pixel of a canvas (ABGR) */
const css = (pixel) => `rgb(${pixel & 255} ${(pixel >> 8) & 255} ${(pixel >> 16) & 255})`;
