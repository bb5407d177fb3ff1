// @ts-check
/** The range of steps that every view shows, as a window over the whole run: to move, and to widen at both its ends. */

import {h} from '../dom.js';
import {whole} from '../format.js';
import {NARROWEST} from './axis.js';

/**
 * @typedef {{first: number, last: number}} Range
 * @typedef {'first' | 'last' | 'both'} Part what a drag or a key moves
 */

/** Share of the run that an arrow key moves, and that Page up and down do. */
const [SMALL, LARGE] = [0.01, 0.1];

export class Brush {
  /** @param {import('./axis.js').StepAxis} axis of the whole run */
  constructor(axis) {
    this.axis = axis;
    /** @type {Range | null} */
    this.range = null;
    /** @type {{part: Part, from: number, range: Range} | null} */
    this.drag = null;
    this.window = h('div.brush-window', {title: 'Drag to move; double-click to see all steps'});
    this.first = this.handle('first', 'First step shown');
    this.last = this.handle('last', 'Last step shown');
    this.before = h('div.brush-shade.before');
    this.after = h('div.brush-shade.after');
    this.node = h('div.brush', {
      onpointermove: (/** @type {PointerEvent} */ event) => this.move(event),
      onpointerup: (/** @type {PointerEvent} */ event) => this.release(event),
      onpointercancel: () => this.drop(),
      onpointerleave: () => axis.point(null, null),
      ondblclick: () => this.choose(this.everything()),
    }, this.before, this.after, this.window, this.first, this.last);
    this.window.addEventListener('pointerdown', (/** @type {PointerEvent} */ event) => this.press(event, 'both'));
  }

  /** @param {'first' | 'last'} part @param {string} label */
  handle(part, label) {
    return h(`div.brush-handle.${part}`, {
      tabIndex: 0, role: 'slider', 'aria-label': label,
      onpointerdown: (/** @type {PointerEvent} */ event) => this.press(event, part),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event, part),
    }, h('i'));
  }

  /** @param {Range | null} range */
  update(range) {
    this.range = range;
    if (!this.drag) this.draw(range ?? this.everything());
  }

  /** @returns {Range} */
  everything() {
    return {first: this.axis.first, last: this.axis.last};
  }

  /** @param {Range} range */
  draw(range) {
    const [left, right] = [range.first, range.last].map((step) => Math.min(100, Math.max(0, this.axis.toPixel(step, 100))));
    const part = left > 0 || right < 100;
    this.window.hidden = !part;
    this.window.style.left = this.first.style.left = this.before.style.width = `${left}%`;
    this.window.style.right = this.after.style.width = `${100 - right}%`;
    this.last.style.left = `${right}%`;
    for (const [handle, step] of /** @type {[HTMLElement, number][]} */ ([[this.first, range.first], [this.last, range.last]])) {
      handle.setAttribute('aria-valuemin', String(this.axis.first));
      handle.setAttribute('aria-valuemax', String(this.axis.last));
      handle.setAttribute('aria-valuenow', String(step));
      handle.setAttribute('aria-valuetext', `step ${whole(step)}`);
    }
  }

  /** @param {PointerEvent} event @returns {number} the step under it */
  stepAt(event) {
    const box = this.node.getBoundingClientRect();
    return this.axis.toStep(event.clientX - box.left, box.width);
  }

  /** @param {PointerEvent} event @param {Part} part */
  press(event, part) {
    if (event.button !== 0) return;
    event.preventDefault();
    if (part !== 'both') this[part].focus({preventScroll: true});
    this.drag = {part, from: this.stepAt(event), range: this.range ?? this.everything()};
    this.node.setPointerCapture(event.pointerId);
  }

  /** @param {PointerEvent} event */
  move(event) {
    this.axis.point(this.stepAt(event), null);
    if (this.drag) this.draw(this.moved(this.drag.range, this.drag.part, this.stepAt(event) - this.drag.from));
  }

  /** @param {PointerEvent} event */
  release(event) {
    const {drag} = this;
    this.drag = null;
    if (!drag) return;
    const by = this.stepAt(event) - drag.from;
    if (Math.abs(this.axis.toPixel(by + this.axis.first, this.node.clientWidth)) >= 1) this.choose(this.moved(drag.range, drag.part, by));
  }

  /** Ends a drag that the browser took over. */
  drop() {
    this.drag = null;
    this.update(this.range);
  }

  /** @param {Range} range @param {Part} part @param {number} by steps @returns {Range} within the run, and not too narrow */
  moved({first, last}, part, by) {
    const {first: start, last: end} = this.everything();
    if (part === 'both') {
      const bounded = Math.round(Math.min(Math.max(by, start - first), end - last));
      return {first: first + bounded, last: last + bounded};
    }
    if (part === 'first') return {first: Math.round(Math.min(Math.max(start, first + by), last - NARROWEST)), last};
    return {first, last: Math.round(Math.max(Math.min(end, last + by), first + NARROWEST))};
  }

  /** Shows a range at once, for the next key may come before the views are drawn. @param {Range} range */
  choose(range) {
    const all = this.everything();
    const chosen = range.first <= all.first && range.last >= all.last ? null : range;
    this.update(chosen);
    this.axis.onzoom(chosen);
  }

  /** @param {KeyboardEvent} event @param {'first' | 'last'} part */
  key(event, part) {
    const length = this.axis.last - this.axis.first;
    const small = Math.max(1, Math.round(SMALL * length));
    const large = Math.max(1, Math.round(LARGE * length));
    const by = {ArrowLeft: -small, ArrowDown: -small, ArrowRight: small, ArrowUp: small, PageDown: -large, PageUp: large, Home: -length, End: length}[event.key];
    if (event.key === 'Escape') this.choose(this.everything());
    if (by === undefined) return;
    event.preventDefault();
    this.choose(this.moved(this.range ?? this.everything(), part, by));
  }
}
