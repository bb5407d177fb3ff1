// @ts-check
/** Charts over the steps, read by the keys: arrows walk from sample to sample, and the values are told. */

import {h} from '../dom.js';
import {steps as stepsText} from '../format.js';
import {columnAt} from './axis.js';
import {Zoom} from './zoom.js';

/** @typedef {import('./strip.js').Strip} Strip */

/** Share of what is shown that a key pans, and how much more of the steps a key shows. */
const [PAN, WIDEN] = [0.1, 1.5];

const NAME = 'Charts over the steps. Arrow keys read them, plus and minus zoom, Shift and an arrow pan, 0 shows all steps.';

export class Reading {
  /** @param {import('./axis.js').StepAxis} axis @param {() => Strip[]} strips that are shown @param {HTMLElement} host of them */
  constructor(axis, strips, host) {
    this.axis = axis;
    this.strips = strips;
    this.zoom = new Zoom(axis);
    /** @type {number | null} */
    this.step = null;
    this.said = h('p.unseen', {role: 'status'});
    this.node = h('div.reading', {
      tabIndex: 0, role: 'group', 'aria-label': NAME, onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event), onblur: () => this.leave(),
    }, host, this.said);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const isOther = event.target !== this.node || event.altKey || event.metaKey || event.ctrlKey;
    const does = isOther ? undefined : this.keys(event.shiftKey)[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  }

  /** @param {boolean} shifted @returns {Record<string, () => void>} */
  keys(shifted) {
    const {axis, zoom} = this;
    const middle = this.step === null ? 0.5 : Math.min(1, Math.max(0, axis.toPixel(this.step, 1)));
    return {
      ArrowLeft: shifted ? () => zoom.pan(-PAN) : () => this.walk(-1), ArrowRight: shifted ? () => zoom.pan(PAN) : () => this.walk(1),
      Home: () => this.go(0), End: () => this.go(Infinity),
      '+': () => zoom.by(middle, 1 / WIDEN), '=': () => zoom.by(middle, 1 / WIDEN), '-': () => zoom.by(middle, WIDEN),
      '0': () => zoom.all(), Escape: () => this.leave(),
    };
  }

  /** @returns {import('../api.js').Frame | undefined} that has the steps */
  frame() {
    return this.strips().flatMap(({shown}) => shown?.lines ?? [])[0]?.frame;
  }

  /** @param {number} by samples */
  walk(by) {
    const frame = this.frame();
    if (frame) this.go(this.step === null ? (by < 0 ? Infinity : 0) : columnAt(frame, this.step) + by);
  }

  /** @param {number} column to read, as far as it is shown */
  go(column) {
    const {axis} = this;
    const frame = this.frame();
    if (!frame?.columns) return;
    const first = frame.last.findIndex((step) => step >= axis.first);
    const last = frame.first.filter((step) => step <= axis.last).length - 1;
    if (first < 0 || last < first) return;
    const at = Math.min(Math.max(column, first), last);
    this.step = (frame.first[at] + frame.last[at]) / 2;
    axis.point(this.step, this);
    this.said.textContent = [stepsText(frame.first[at], frame.last[at]), ...this.strips().map((strip) => strip.told)].join('; ');
  }

  leave() {
    if (this.step === null) return;
    this.step = null;
    this.said.textContent = '';
    this.axis.point(null, this);
  }
}
