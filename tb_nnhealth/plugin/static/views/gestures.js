// @ts-check
/** What the pointer, the wheel and the keys do on the heat map. */

import {h} from '../dom.js';
import {columnAt} from './axis.js';
import {RIGHT} from './cells.js';
import {Zoom} from './zoom.js';

/** Pixels that a pointer moves before it drags. */
const DRAG = 4;

/** Share of what is shown that a key pans, and how much more of the steps a key shows. */
const [PAN, WIDEN] = [0.1, 1.5];

/** How much a pixel of the wheel widens, and how many pixels a line of it is. */
const [WHEEL, LINE] = [0.002, 20];

/** Milliseconds within which a second click makes a double click. */
const DOUBLE_CLICK = 250;

export class Gestures {
  /** @param {import('./heatmap.js').HeatMap} map */
  constructor(map) {
    this.map = map;
    this.zoom = new Zoom(map.axis);
    /** Where a drag began, and whether it pans. @type {{x: number, pans: boolean} | null} */
    this.drag = null;
    this.dragged = h('div.dragged', {hidden: true});
    /** A click in a range of the steps, which may be the first half of a double click: that shows all of them. */
    this.waiting = 0;
    const {plot, rows, axisCanvas} = map;
    plot.append(this.dragged);
    for (const part of [plot, axisCanvas]) {
      part.addEventListener('pointermove', (/** @type {PointerEvent} */ event) => this.move(event));
      part.addEventListener('pointerdown', (/** @type {PointerEvent} */ event) => this.press(event));
      part.addEventListener('pointerup', (/** @type {PointerEvent} */ event) => this.release(event));
      part.addEventListener('pointercancel', () => this.drop());
      part.addEventListener('dblclick', () => {
        clearTimeout(this.waiting);
        this.zoom.all();
      });
      part.addEventListener('wheel', (/** @type {WheelEvent} */ event) => this.wheel(event), {passive: false});
    }
    plot.addEventListener('pointerleave', () => map.leave());
    rows.node.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => this.key(event));
    rows.node.addEventListener('focusout', () => map.leave());
  }

  /** @param {MouseEvent} event */
  where(event) {
    const box = this.map.plot.getBoundingClientRect();
    const width = box.width - RIGHT;
    const x = Math.min(Math.max(event.clientX - box.left, 0), width);
    const row = Math.floor((event.clientY - box.top) / this.map.rowHeight());
    return {x, width, row, step: this.map.axis.toStep(x, width)};
  }

  /** @param {PointerEvent} event */
  move(event) {
    const {map, drag} = this;
    const {x, width, row, step} = this.where(event);
    if (drag?.pans) {
      this.zoom.pan((drag.x - x) / width);
      drag.x = x;
      return;
    }
    if (drag) {
      this.dragged.hidden = Math.abs(x - drag.x) < DRAG;
      this.dragged.style.left = `${Math.min(x, drag.x)}px`;
      this.dragged.style.width = `${Math.abs(x - drag.x)}px`;
    }
    if (event.currentTarget !== map.plot) return;
    if (row < 0 || row >= map.items.length || x > width) return map.leave();
    map.point(row, step);
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (event.button !== 0) return;
    const part = /** @type {HTMLElement} */ (event.currentTarget);
    this.drag = {x: this.where(event).x, pans: event.shiftKey || part !== this.map.plot};
    part.setPointerCapture(event.pointerId);
  }

  /** @param {PointerEvent} event */
  release(event) {
    const {map, drag} = this;
    const {x, width, row} = this.where(event);
    this.drop();
    if (!drag || drag.pans) return;
    if (Math.abs(x - drag.x) >= DRAG) map.axis.zoom(map.axis.toStep(drag.x, width), map.axis.toStep(x, width));
    else if (map.items[row]) this.click(map.items[row]);
  }

  /** @param {import('./tree.js').Item} item */
  click(item) {
    const {map} = this;
    clearTimeout(this.waiting);
    if (map.axis.isWhole) map.open(item);
    else this.waiting = setTimeout(() => map.open(item), DOUBLE_CLICK);
  }

  /** Ends a drag. */
  drop() {
    this.drag = null;
    this.dragged.hidden = true;
  }

  /** With Ctrl (a pinch, too) zooms about the pointer, sideways or with Shift pans; else the page and the rows scroll. @param {WheelEvent} event */
  wheel(event) {
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : LINE;
    const sideways = (event.deltaX || (event.shiftKey ? event.deltaY : 0)) * pixels;
    const {x, width} = this.where(event);
    if (event.ctrlKey || event.metaKey) this.zoom.by(x / width, Math.exp(WHEEL * event.deltaY * pixels));
    else if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) this.zoom.pan(sideways / width);
    else return;
    event.preventDefault();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const {rows} = this.map;
    const index = rows.focused();
    const does = index < 0 || event.altKey || event.metaKey ? undefined : this.keys(event, index)[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  }

  /** @param {KeyboardEvent} event @param {number} index the line that has the focus @returns {Record<string, () => void>} */
  keys({shiftKey, ctrlKey}, index) {
    const {map, zoom} = this;
    const {axis, items, at, scroller} = map;
    const last = items.length - 1;
    const page = Math.max(1, Math.floor(scroller.clientHeight / map.rowHeight()) - 1);
    const step = at?.step ?? axis.last;
    const middle = Math.min(1, Math.max(0, axis.toPixel(step, 1)));
    const go = (/** @type {number} */ to) => () => this.go(Math.min(Math.max(to, 0), last), step);
    const column = (/** @type {number} */ by) => () => this.go(index, this.beside(step, by));
    const ends = (/** @type {number} */ row, /** @type {number} */ edge) => (ctrlKey ? go(row) : () => this.go(index, edge));
    /** @type {Record<string, () => void>} */
    const toggles = items[index].open === null ? {} : {' ': () => map.toggle(items[index])};
    return {
      ArrowUp: go(index - 1), ArrowDown: go(index + 1), PageUp: go(index - page), PageDown: go(index + page),
      Home: ends(0, axis.first), End: ends(last, axis.last),
      ArrowLeft: shiftKey ? () => zoom.pan(-PAN) : column(-1), ArrowRight: shiftKey ? () => zoom.pan(PAN) : column(1),
      '+': () => zoom.by(middle, 1 / WIDEN), '=': () => zoom.by(middle, 1 / WIDEN), '-': () => zoom.by(middle, WIDEN),
      '0': () => zoom.all(), Escape: () => zoom.all(), ...toggles,
    };
  }

  /** @param {number} step @param {number} by columns @returns {number} a step of the column beside, as far as it is shown */
  beside(step, by) {
    const {axis, summary, at} = this.map;
    if (!summary) return step;
    const {frame} = summary;
    const next = at ? columnAt(frame, step) + by : columnAt(frame, step) + Math.min(0, by);
    const column = Math.min(Math.max(next, 0), frame.columns - 1);
    const isShown = frame.last[column] >= axis.first && frame.first[column] <= axis.last;
    return isShown ? (frame.first[column] + frame.last[column]) / 2 : step;
  }

  /** Moves the focus and the cell. @param {number} index @param {number} step */
  go(index, step) {
    this.map.scrollTo(index);
    this.map.rows.focus(index);
    this.map.point(index, step);
  }
}
