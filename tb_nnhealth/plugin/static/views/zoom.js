// @ts-check
/** Zooming and panning by small steps, through the one range of steps that all views share. */

import {NARROWEST} from './axis.js';

/** @typedef {{first: number, last: number}} Range */

export class Zoom {
  /** @param {import('./axis.js').StepAxis} axis */
  constructor(axis) {
    this.axis = axis;
    /** The range as it was asked for, before it was rounded to steps: small changes add up. @type {Range | null} */
    this.exact = null;
    /** Ranges of the axis for which that one holds: the one before it, and itself. @type {Range[]} */
    this.holds = [];
  }

  /** @param {number} at the place that stays, 0 to 1 from the first step shown to the last @param {number} factor > 1 shows more */
  by(at, factor) {
    const {low, high} = this.places();
    const start = low + at * (high - low) * (1 - factor);
    this.show(start, start + (high - low) * factor);
  }

  /** @param {number} share of what is shown; > 0 goes on to later steps */
  pan(share) {
    const {axis} = this;
    const {low, high} = this.places();
    const by = Math.max(Math.min(share * (high - low), axis.place(axis.end) - high), axis.place(0) - low);
    this.show(low + by, high + by);
  }

  all() {
    this.exact = null;
    this.axis.onzoom(null);
  }

  /** @returns {boolean} whether nothing else has changed the range since */
  isKept() {
    return this.exact !== null && this.holds.some((range) => isSame(range, this.axis));
  }

  /** What is shown, in the axis' own units. */
  places() {
    const {axis} = this;
    const {first, last} = this.isKept() && this.exact ? this.exact : axis;
    return {low: axis.place(first), high: axis.place(last)};
  }

  /** @param {number} low @param {number} high in the axis' own units */
  show(low, high) {
    const {axis} = this;
    const exact = {first: Math.max(0, axis.stepAt(low)), last: Math.min(axis.end, axis.stepAt(high))};
    const range = {first: Math.round(exact.first), last: Math.round(exact.last)};
    if (range.last - range.first < NARROWEST) return;
    const now = this.isKept() ? this.holds[1] : axis;
    this.holds = [{first: axis.first, last: axis.last}, range];
    this.exact = exact;
    if (!isSame(range, now)) axis.onzoom(range.first <= 0 && range.last >= axis.end ? null : range);
  }
}

/** @param {Range} one @param {Range} other */
const isSame = (one, other) => one.first === other.first && one.last === other.last;
