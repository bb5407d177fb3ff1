// @ts-check
/** Layers × steps: one statistic of every row of a table over time, drawn on a canvas that shows the rows in view. */

import {focus, h, icon} from '../dom.js';
import {quantity, steps as stepsText, words} from '../format.js';
import {fit, hatch} from './canvas.js';
import {RIGHT, drawAxis, drawCells, drawMarks, paint} from './cells.js';
import {Gestures} from './gestures.js';

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
    this.labels = h('div.labels', {role: 'group', 'aria-label': 'Rows; the arrow keys walk through rows and steps'});
    this.canvas = h('canvas', {'aria-hidden': 'true'});
    this.cross = h('div.cross', {hidden: true});
    this.plot = h('div.plot', {}, this.canvas, this.cross);
    this.scroller = h('div.scroller', {onscroll: () => this.draw()}, h('div.content', {}, this.labels, this.plot));
    this.axisCanvas = h('canvas.steps', {'aria-hidden': 'true'});
    this.tip = h('div.tip', {hidden: true, role: 'status'});
    this.node = h('div.heatmap', {}, this.scroller, this.axisCanvas, this.tip);
    this.gestures = new Gestures(this);
    axis.listeners.add((step, source) => source !== this && this.follow(step));
  }

  /** @param {Shown} shown */
  update(shown) {
    const before = this.shown;
    this.shown = shown;
    const key = JSON.stringify([shown.rows, [...shown.states]]);
    if (key !== this.labelled) this.buildLabels();
    this.labelled = key;
    if (before?.frame !== shown.frame || before?.dark !== shown.dark) {
      this.image = shown.frame ? paint(shown.frame, shown.scale, shown.dark) : null;
    }
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
    const row = this.rowHeight();
    if (shown.frame && this.image) drawCells(context, this.image, shown.frame, this.axis, width, row);
    drawMarks(context, shown, this.axis, width, row);
    drawAxis(this.axisCanvas, this.axis, width, shown.dark);
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
