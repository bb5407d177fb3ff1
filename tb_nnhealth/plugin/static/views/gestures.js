// @ts-check
/** What the pointer and the arrow keys do on the heat map. */

import {h} from '../dom.js';
import {columnAt} from './axis.js';
import {RIGHT} from './cells.js';

/** Pixels that a pointer moves before it drags. */
const DRAG = 4;

export class Gestures {
  /** @param {import('./heatmap.js').HeatMap} map */
  constructor(map) {
    this.map = map;
    /** @type {number | null} */
    this.dragFrom = null;
    this.dragged = h('div.dragged', {hidden: true});
    const {plot, labels} = map;
    plot.append(this.dragged);
    plot.addEventListener('pointermove', (/** @type {PointerEvent} */ event) => this.move(event));
    plot.addEventListener('pointerleave', () => map.leave());
    plot.addEventListener('pointerdown', (/** @type {PointerEvent} */ event) => this.press(event));
    plot.addEventListener('pointerup', (/** @type {PointerEvent} */ event) => this.release(event));
    plot.addEventListener('pointercancel', () => this.drop());
    plot.addEventListener('dblclick', () => map.axis.onzoom(null));
    labels.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => this.key(event));
    labels.addEventListener('focusout', () => map.leave());
  }

  /** @param {PointerEvent} event */
  where(event) {
    const box = this.map.plot.getBoundingClientRect();
    const width = box.width - RIGHT;
    const x = Math.min(Math.max(event.clientX - box.left, 0), width);
    const row = Math.floor((event.clientY - box.top) / this.map.rowHeight());
    return {x, width, row, step: this.map.axis.toStep(x, width)};
  }

  /** @param {PointerEvent} event */
  move(event) {
    const frame = this.map.shown?.frame;
    const {x, width, row, step} = this.where(event);
    if (this.dragFrom !== null) {
      this.dragged.hidden = Math.abs(x - this.dragFrom) < DRAG;
      this.dragged.style.left = `${Math.min(x, this.dragFrom)}px`;
      this.dragged.style.width = `${Math.abs(x - this.dragFrom)}px`;
    }
    if (!frame || row < 0 || row >= frame.rows || x > width) return this.map.leave();
    this.map.point(row, columnAt(frame, step));
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (event.button !== 0) return;
    this.dragFrom = this.where(event).x;
    this.map.plot.setPointerCapture(event.pointerId);
  }

  /** @param {PointerEvent} event */
  release(event) {
    const {axis, select, shown} = this.map;
    const from = this.dragFrom;
    const {x, width, row} = this.where(event);
    this.drop();
    if (from === null) return;
    if (Math.abs(x - from) >= DRAG) axis.zoom(axis.toStep(from, width), axis.toStep(x, width));
    else if (shown?.rows[row] !== undefined) select(shown.rows[row]);
  }

  /** Ends a drag. */
  drop() {
    this.dragFrom = null;
    this.dragged.hidden = true;
  }

  /** @param {KeyboardEvent} event arrows: up and down change the row, left and right the step */
  key(event) {
    const {labels, at, shown} = this.map;
    const frame = shown?.frame;
    const row = Number(document.activeElement?.getAttribute('data-index') ?? -1);
    const move = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]}[event.key];
    if (!move || row < 0 || !frame) return;
    event.preventDefault();
    const next = Math.min(Math.max(row + move[0], 0), labels.children.length - 1);
    const column = Math.min(Math.max((at?.column ?? frame.columns - 1) + move[1], 0), frame.columns - 1);
    labels.children[next].focus();
    this.map.point(next, column);
  }
}
