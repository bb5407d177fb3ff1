// @ts-check
/** Layers × steps: one statistic of every row of a table over time, drawn on a canvas that shows the rows in view. */

import {focus, h, icon} from '../dom.js';
import {quantity, steps as stepsText, ticks, whole, words} from '../format.js';
import {INFINITE, palette, place} from '../scale.js';
import {columnAt, columnEdges} from './axis.js';
import {fit, hatch, outline} from './canvas.js';

/**
 * @typedef {import('../api.js').Frame} Frame
 * @typedef {import('../scale.js').Scale} Scale
 * @typedef {{rows: ReadonlySet<string>, first: number | null, last: number | null}} Focus
 * @typedef {{frame: Frame | null, rows: string[], statistic: string, scale: Scale, dark: boolean, selected: ReadonlySet<string>,
 *   focus: Focus | null, states: ReadonlyMap<string, string>}} Shown
 */

const LOWEST_ROW = 16;
const HIGHEST_ROW = 26;
const MOST_HEIGHT = 440;
const AXIS_HEIGHT = 22;
const RIGHT = 12;

export class HeatMap {
  /** @param {import('./axis.js').StepAxis} axis @param {(row: string) => void} select */
  constructor(axis, select) {
    this.axis = axis;
    this.select = select;
    /** @type {Shown | null} */
    this.shown = null;
    this.labelled = '';
    /** @type {HTMLCanvasElement | null} */
    this.image = null;
    /** @type {{row: number, column: number} | null} */
    this.at = null;
    /** @type {number | null} */
    this.dragFrom = null;
    this.labels = h('div.labels', {role: 'group', 'aria-label': 'Rows; the arrow keys walk through rows and steps'});
    this.canvas = h('canvas', {'aria-hidden': 'true'});
    this.cross = h('div.cross', {hidden: true});
    this.dragged = h('div.dragged', {hidden: true});
    this.plot = h('div.plot', {}, this.canvas, this.cross, this.dragged);
    this.scroller = h('div.scroller', {onscroll: () => this.draw()}, h('div.content', {}, this.labels, this.plot));
    this.axisCanvas = h('canvas.steps', {'aria-hidden': 'true'});
    this.tip = h('div.tip', {hidden: true, role: 'status'});
    this.node = h('div.heatmap', {}, this.scroller, this.axisCanvas, this.tip);
    this.plot.addEventListener('pointermove', (/** @type {PointerEvent} */ event) => this.move(event));
    this.plot.addEventListener('pointerleave', () => this.leave());
    this.plot.addEventListener('pointerdown', (/** @type {PointerEvent} */ event) => this.press(event));
    this.plot.addEventListener('pointerup', (/** @type {PointerEvent} */ event) => this.release(event));
    this.plot.addEventListener('dblclick', () => axis.onzoom(null));
    this.labels.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => this.key(event));
    this.labels.addEventListener('focusout', () => this.leave());
    axis.listeners.add((step, source) => source !== this && this.follow(step));
  }

  /** @param {Shown} shown */
  update(shown) {
    const before = this.shown;
    this.shown = shown;
    const key = JSON.stringify([shown.rows, [...shown.states]]);
    if (key !== this.labelled) this.buildLabels();
    this.labelled = key;
    if (before?.frame !== shown.frame || before?.dark !== shown.dark) this.image = shown.frame ? this.paint(shown.frame) : null;
    const stop = Math.max(0, shown.rows.findIndex((row) => shown.selected.has(row)));
    for (const [index, label] of [...this.labels.children].entries()) {
      const row = label.dataset.row;
      label.tabIndex = index === stop ? 0 : -1;
      label.setAttribute('aria-pressed', String(shown.selected.has(row)));
      label.classList.toggle('focused', Boolean(shown.focus?.rows.has(row)));
    }
    this.draw();
    if (this.at && this.tip.hidden === false) this.point(this.at.row, this.at.column);
  }

  /** Brings a row into view. @param {string} row */
  reveal(row) {
    const index = this.shown?.rows.indexOf(row) ?? -1;
    if (index < 0) return;
    const top = index * this.rowHeight();
    const {scrollTop, clientHeight} = this.scroller;
    if (top < scrollTop || top + this.rowHeight() > scrollTop + clientHeight) {
      this.scroller.scrollTop = top - clientHeight / 2;
    }
  }

  rowHeight() {
    const count = this.shown?.rows.length || 1;
    return Math.max(LOWEST_ROW, Math.min(HIGHEST_ROW, Math.floor(MOST_HEIGHT / count)));
  }

  buildLabels() {
    const {rows, states} = /** @type {Shown} */ (this.shown);
    const focused = this.labels.contains(document.activeElement) && document.activeElement?.getAttribute('data-row');
    this.node.style.setProperty('--row', `${this.rowHeight()}px`);
    this.node.style.setProperty('--rows', String(rows.length));
    this.scroller.style.height = `${Math.min(MOST_HEIGHT, rows.length * this.rowHeight())}px`;
    const shared = sharedStart(rows);
    this.labels.replaceChildren(...rows.map((row, index) => label(row, index, shared, states.get(row), this.select)));
    if (focused) focus(this.labels.querySelector(`[data-row="${CSS.escape(focused)}"]`));
  }

  /** @param {Frame} frame @returns {HTMLCanvasElement} one pixel a cell */
  paint(frame) {
    const {scale, dark} = /** @type {Shown} */ (this.shown);
    const image = document.createElement('canvas');
    image.width = Math.max(1, frame.columns);
    image.height = Math.max(1, frame.rows);
    const context = /** @type {CanvasRenderingContext2D} */ (image.getContext('2d'));
    const pixels = context.createImageData(image.width, image.height);
    const cells = new Uint32Array(pixels.data.buffer);
    const colours = palette(scale.kind, dark);
    const infinite = 0xff000000 | (INFINITE[2] << 16) | (INFINITE[1] << 8) | INFINITE[0];
    frame.planes[0].forEach((value, cell) => {
      if (Number.isNaN(value)) return;
      cells[cell] = Number.isFinite(value) ? colours[Math.round(255 * place(scale, value))] : infinite;
    });
    context.putImageData(pixels, 0, 0);
    return image;
  }

  draw() {
    const shown = this.shown;
    const width = this.plot.clientWidth - RIGHT;
    const height = this.scroller.clientHeight;
    if (!shown || width <= 0 || height <= 0) return;
    const context = fit(this.canvas, width, height);
    const top = this.scroller.scrollTop;
    this.canvas.style.transform = `translateY(${top}px)`;
    hatch(context, width, height, shown.dark);
    context.translate(0, -top);
    if (shown.frame && this.image) this.drawCells(context, shown.frame, this.image, width);
    this.drawMarks(context, shown, width);
    this.drawAxis(width, shown.dark);
  }

  /** @param {CanvasRenderingContext2D} context @param {Frame} frame @param {HTMLCanvasElement} image @param {number} width */
  drawCells(context, frame, image, width) {
    const edges = columnEdges(frame);
    const row = this.rowHeight();
    const gap = row >= 12 ? 1 : 0;
    context.imageSmoothingEnabled = false;
    context.save();
    context.beginPath();
    for (let r = 0; r < frame.rows; r++) context.rect(0, r * row, width, row - gap);
    context.clip();
    for (let c = 0; c < frame.columns; c++) {
      const left = Math.round(this.axis.toPixel(edges[c], width));
      const right = Math.max(left + 1, Math.round(this.axis.toPixel(edges[c + 1], width)));
      if (right > 0 && left < width) context.drawImage(image, c, 0, 1, frame.rows, left, 0, right - left, frame.rows * row);
    }
    context.restore();
  }

  /** @param {CanvasRenderingContext2D} context @param {Shown} shown @param {number} width */
  drawMarks(context, shown, width) {
    const row = this.rowHeight();
    shown.rows.forEach((name, index) => {
      if (shown.selected.has(name)) outline(context, shown.dark, [], 1, index * row + 0.5, width - 2, row - 2);
      if (!shown.focus?.rows.has(name)) return;
      const left = shown.focus.first === null ? 0 : Math.max(0, this.axis.toPixel(shown.focus.first, width));
      const end = shown.focus.last === null ? width : Math.min(width, this.axis.toPixel(shown.focus.last, width));
      outline(context, shown.dark, [5, 3], left + 1, index * row + 0.5, Math.max(4, end - left - 2), row - 2);
    });
  }

  /** @param {number} width @param {boolean} dark */
  drawAxis(width, dark) {
    const context = fit(this.axisCanvas, width + RIGHT, AXIS_HEIGHT);
    const text = getComputedStyle(this.node).getPropertyValue('--dim');
    context.font = '11px system-ui, sans-serif';
    context.fillStyle = text;
    context.strokeStyle = dark ? '#4a5160' : '#c9ced8';
    for (const step of ticks(this.axis.first, this.axis.last, Math.max(2, width / 110))) {
      const x = this.axis.toPixel(step, width);
      if (x > width + 1) continue;
      context.beginPath();
      context.moveTo(Math.min(x, width - 0.5) + 0.5, 0);
      context.lineTo(Math.min(x, width - 0.5) + 0.5, 5);
      context.stroke();
      const size = context.measureText(whole(step)).width;
      context.fillText(whole(step), Math.max(0, Math.min(width + RIGHT - size, x - size / 2)), 16);
    }
  }

  /** @param {PointerEvent} event */
  where(event) {
    const box = this.plot.getBoundingClientRect();
    const width = box.width - RIGHT;
    const x = Math.min(Math.max(event.clientX - box.left, 0), width);
    const row = Math.floor((event.clientY - box.top) / this.rowHeight());
    return {x, width, row, step: this.axis.toStep(x, width)};
  }

  /** @param {PointerEvent} event */
  move(event) {
    const frame = this.shown?.frame;
    const {x, width, row, step} = this.where(event);
    if (this.dragFrom !== null) {
      this.dragged.hidden = Math.abs(x - this.dragFrom) < 4;
      this.dragged.style.left = `${Math.min(x, this.dragFrom)}px`;
      this.dragged.style.width = `${Math.abs(x - this.dragFrom)}px`;
    }
    if (!frame || row < 0 || row >= frame.rows || x > width) return this.leave();
    this.point(row, columnAt(frame, step));
  }

  /** @param {number} row @param {number} column */
  point(row, column) {
    const shown = /** @type {Shown} */ (this.shown);
    const frame = shown.frame;
    if (!frame || column < 0 || row >= frame.rows) return this.leave();
    this.at = {row, column};
    const width = this.plot.clientWidth - RIGHT;
    const middle = (frame.first[column] + frame.last[column]) / 2;
    const x = Math.min(Math.max(this.axis.toPixel(middle, width), 0), width);
    this.place(x);
    this.axis.point(middle, this);
    const value = frame.planes[0][row * frame.columns + column];
    this.tip.replaceChildren(...tipText(shown, row, column, value));
    this.tip.hidden = false;
    const left = this.plot.offsetLeft + x;
    const onLeft = x > width / 2;
    this.tip.style.left = onLeft ? '' : `${left + 14}px`;
    this.tip.style.right = onLeft ? `${this.node.clientWidth - left + 14}px` : '';
    const y = (row + 1) * this.rowHeight() - this.scroller.scrollTop + 6;
    this.tip.style.top = `${y}px`;
  }

  /** @param {number | null} step */
  follow(step) {
    this.tip.hidden = true;
    if (step === null) this.cross.hidden = true;
    else this.place(this.axis.toPixel(step, this.plot.clientWidth - RIGHT));
  }

  /** @param {number} x */
  place(x) {
    this.cross.hidden = x < 0 || x > this.plot.clientWidth;
    this.cross.style.transform = `translateX(${Math.round(x)}px)`;
  }

  leave() {
    this.at = null;
    this.tip.hidden = true;
    this.cross.hidden = true;
    this.axis.point(null, this);
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (event.button !== 0) return;
    this.dragFrom = this.where(event).x;
    this.plot.setPointerCapture(event.pointerId);
  }

  /** @param {PointerEvent} event */
  release(event) {
    const from = this.dragFrom;
    const {x, width, row} = this.where(event);
    this.dragFrom = null;
    this.dragged.hidden = true;
    if (from === null) return;
    if (Math.abs(x - from) >= 4) this.axis.zoom(this.axis.toStep(from, width), this.axis.toStep(x, width));
    else if (this.shown?.rows[row] !== undefined) this.select(this.shown.rows[row]);
  }

  /** @param {KeyboardEvent} event arrows: up and down change the row, left and right the step */
  key(event) {
    const frame = this.shown?.frame;
    const row = Number(document.activeElement?.getAttribute('data-index') ?? -1);
    const move = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]}[event.key];
    if (!move || row < 0 || !frame) return;
    event.preventDefault();
    const next = Math.min(Math.max(row + move[0], 0), this.labels.children.length - 1);
    const column = Math.min(Math.max((this.at?.column ?? frame.columns - 1) + move[1], 0), frame.columns - 1);
    this.labels.children[next].focus();
    this.point(next, column);
  }
}

/** @param {string[]} rows @returns {number} how many characters of path all of them begin with: not worth repeating */
function sharedStart(rows) {
  const [first = '', ...others] = rows;
  const starts = [...first.matchAll(/\//g)].map((slash) => slash.index + 1).filter((end) =>
    others.every((row) => row.startsWith(first.slice(0, end)) && row.length > end));
  return others.length ? Math.max(0, ...starts) : 0;
}

/**
 * @param {string} row @param {number} index @param {number} shared characters left out
 * @param {string | undefined} state @param {(row: string) => void} select
 */
function label(row, index, shared, state, select) {
  const cut = Math.max(shared, row.lastIndexOf('/', row.lastIndexOf('/') - 1) + 1);
  return h('button.row', {
    type: 'button', title: row, 'data-row': row, 'data-index': index, 'aria-pressed': 'false', onclick: () => select(row),
    'aria-label': state ? `${row}, ${state}` : row,
  }, state ? icon(state) : h('span.icon'), h('span.start', {}, row.slice(shared, cut)), h('span.end', {}, row.slice(cut)));
}

/** @param {Shown} shown @param {number} row @param {number} column @param {number} value */
function tipText(shown, row, column, value) {
  const frame = /** @type {Frame} */ (shown.frame);
  const several = frame.first[column] !== frame.last[column];
  const measured = Number.isNaN(value) ? 'not measured' : `${quantity(value, shown.scale.unit)}`;
  return [
    h('div.tip-value', {}, h('b', {}, measured), ` ${words(shown.statistic)}`),
    h('div.mono', {}, shown.rows[row]),
    h('div.dim', {}, stepsText(frame.first[column], frame.last[column]), several ? ' (the extreme of them)' : ''),
  ];
}
