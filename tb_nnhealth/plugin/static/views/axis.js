// @ts-check
/** The steps' axis that the loss, the heat map and the layer's charts share. */

import {decades, ticks} from '../format.js';

/** Steps that are shown at least. */
export const NARROWEST = 2;

/**
 * The part of the steps on the screen, and the step under the pointer, for all that draw over it.
 * @typedef {(step: number | null, source: unknown) => void} Listener
 */
export class StepAxis {
  constructor() {
    this.first = 0;
    this.last = 1;
    /** The run's last step: nothing is shown after it. */
    this.end = 1;
    /** Whether equal distances are equal ratios of 1 + step. */
    this.log = false;
    /** @type {Set<Listener>} */
    this.listeners = new Set();
    /** @type {(range: import('../api.js').Range) => void} */
    this.onzoom = () => {};
  }

  /** @param {import('../api.js').Range} range null = all steps @param {number} end the run's last step @param {boolean} [log] */
  set(range, end, log = false) {
    const isOneStep = end <= 0;
    this.first = isOneStep ? -0.5 : range?.first ?? 0;
    this.last = isOneStep ? 0.5 : Math.max(range?.last ?? end, this.first + 1);
    this.end = Math.max(end, 1);
    this.log = log && !isOneStep;
  }

  /** Whether all steps of the run are shown. */
  get isWhole() {
    return this.first <= 0 && this.last >= this.end;
  }

  /** @param {number} step @returns {number} where it lies, in the axis' own units */
  place(step) {
    return this.log ? Math.log1p(Math.max(0, step)) : step;
  }

  /** @param {number} place @returns {number} the step there */
  stepAt(place) {
    return this.log ? Math.expm1(place) : place;
  }

  /** @param {number} step @param {number} width pixels */
  toPixel(step, width) {
    const first = this.place(this.first);
    return ((this.place(step) - first) / (this.place(this.last) - first)) * width;
  }

  /** @param {number} pixel @param {number} width pixels */
  toStep(pixel, width) {
    const first = this.place(this.first);
    return this.stepAt(first + (pixel / width) * (this.place(this.last) - first));
  }

  /** @param {number | null} step null = the pointer has left @param {unknown} source */
  point(step, source) {
    for (const listener of this.listeners) listener(step, source);
  }

  /** @param {number} from step @param {number} to step */
  zoom(from, to) {
    const first = Math.max(0, Math.floor(Math.min(from, to)));
    const last = Math.ceil(Math.max(from, to));
    if (last - first >= NARROWEST) this.onzoom({first, last});
  }

  /** @param {number} width pixels @param {number} most @returns {number[]} round steps to write at the axis */
  ticks(width, most) {
    if (!this.log) return ticks(this.first, this.last, Math.min(most, this.last - this.first)).filter(Number.isInteger);
    let taken = -Infinity;
    return [this.first, ...decades(Math.max(1, this.first), this.last, most)].filter((step) => {
      const x = this.toPixel(step, width);
      const isFree = x - taken >= width / most / 2;
      if (isFree) taken = x;
      return isFree;
    });
  }
}

/**
 * Returns the column nearest to a step, -1 where there is none.
 * @param {import('../api.js').Frame} frame @param {number} step
 */
export function columnAt(frame, step) {
  const low = Math.max(0, columnBefore(frame, step));
  if (low + 1 < frame.columns && frame.first[low + 1] - step < step - frame.last[low]) return low + 1;
  return frame.columns ? low : -1;
}

/**
 * Returns the last column that begins at a step or before it, -1 where there is none.
 * @param {import('../api.js').Frame} frame @param {number} step
 */
export function columnBefore(frame, step) {
  let low = -1;
  let high = frame.columns - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (frame.first[middle] <= step) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * Returns where each column begins on the axis: half-way to the one before; one more entry, the end.
 * @param {import('../api.js').Frame} frame
 */
export function columnEdges(frame) {
  const {columns, first, last} = frame;
  const edges = new Float64Array(columns + 1);
  for (let c = 1; c < columns; c++) edges[c] = (last[c - 1] + first[c]) / 2;
  if (!columns) return edges;
  const before = columns > 1 ? edges[1] - last[0] : 0.5;
  const after = columns > 1 ? first[columns - 1] - edges[columns - 1] : 0.5;
  edges[0] = columns > 1 ? Math.max(0, first[0] - before) : first[0] - before;
  edges[columns] = last[columns - 1] + after;
  return edges;
}
