// @ts-check
/** Layers × steps: one statistic of every row of a table over time, drawn on a canvas that shows the rows in view. */

import {h} from '../dom.js';
import {columnAt} from './axis.js';
import {fit} from './canvas.js';
import {RIGHT, drawAxis, drawCells, drawMarks} from './cells.js';
import {fold, foldAll, folded} from './folds.js';
import {Summary} from './extremes.js';
import {Gestures} from './gestures.js';
import {Rail} from './rail.js';
import {Rows} from './rows.js';
import {tipText} from './tip.js';
import {linesOf, openAtFirst, treeOf} from './tree.js';
import {SEVERITIES} from './verdict.js';

/**
 * @typedef {import('../api.js').Frame} Frame
 * @typedef {import('../scale.js').Scale} Scale
 * @typedef {import('./tree.js').Item} Item
 * @typedef {{rows: ReadonlySet<string>, first: number | null, last: number | null}} Focus
 * `rows` are all of the table, `shown` those to be seen, by their number.
 * @typedef {{frame: Frame | null, rows: string[], shown: number[], statistic: string, scale: Scale, dark: boolean, selected: ReadonlySet<string>,
 *   focus: Focus | null, states: ReadonlyMap<string, string>, groups: string[]}} Shown
 */

const LOWEST_ROW = 16;
const HIGHEST_ROW = 26;
const MOST_HEIGHT = 480;

export class HeatMap {
  /** @param {import('./axis.js').StepAxis} axis @param {{select: (row: string) => void, regroup: (groups: string[], quiet: boolean) => void}} actions @param {(path: string) => string | null} rowOf a layer's row */
  constructor(axis, actions, rowOf) {
    this.axis = axis;
    this.actions = actions;
    this.rowOf = rowOf;
    /** @type {Shown | null} */
    this.shown = null;
    /** @type {Summary | null} */
    this.summary = null;
    /** What the tree was made of. @type {unknown[]} */
    this.treeOf = [];
    /** @type {import('./tree.js').Node[]} */
    this.tree = [];
    /** @type {ReadonlySet<string>} */
    this.first = new Set();
    /** @type {Item[]} */
    this.items = [];
    /** The cell that is pointed at. @type {{key: string, step: number} | null} */
    this.at = null;
    this.rows = new Rows({open: (item) => this.open(item), toggle: (item) => this.toggle(item)});
    this.canvas = h('canvas', {'aria-hidden': 'true'});
    this.cross = h('div.cross', {hidden: true});
    this.cell = h('div.cell', {hidden: true});
    this.plot = h('div.plot', {}, this.canvas, this.cross, this.cell);
    this.scroller = h('div.scroller', {onscroll: () => this.draw()}, h('div.content', {}, this.rows.node, this.plot));
    this.axisCanvas = h('canvas.steps', {'aria-hidden': 'true', title: 'Drag to pan'});
    this.tip = h('div.tip', {hidden: true, role: 'status'});
    this.rail = new Rail((share) => this.scrollTo(Math.min(this.items.length - 1, Math.max(0, Math.floor(share * this.items.length)))));
    this.node = h('div.heatmap', {}, h('div.stage', {}, this.scroller, this.rail.node), this.axisCanvas, this.tip);
    this.gestures = new Gestures(this);
    axis.listeners.add((step, source) => source !== this && this.follow(step));
  }

  /** @param {Shown} shown */
  update(shown) {
    if (shown.frame !== this.summary?.frame) this.summary = shown.frame && new Summary(shown.frame);
    if (shown.rows !== this.treeOf[0] || shown.shown !== this.treeOf[1]) {
      this.treeOf = [shown.rows, shown.shown];
      this.tree = treeOf(shown.rows, shown.shown);
      this.first = openAtFirst(this.tree, Math.floor(MOST_HEIGHT / LOWEST_ROW));
    }
    this.shown = shown;
    this.layOut();
    if (this.at && this.tip.hidden === false) this.point(this.indexOf(this.at.key), this.at.step);
  }

  /** Puts the lines where they belong, after any of them opened or closed. */
  layOut() {
    this.items = linesOf(this.tree, (key) => this.isOpen(key));
    const row = this.rowHeight();
    this.node.style.setProperty('--row', `${row}px`);
    this.node.style.setProperty('--rows', String(this.items.length));
    this.scroller.style.height = `${Math.min(MOST_HEIGHT, this.items.length * row)}px`;
    this.draw();
  }

  /** @param {string} key */
  isOpen(key) {
    return folded(this.shown?.groups ?? [], key) ?? this.first.has(key);
  }

  /** @param {Item} item a group @param {boolean} [quiet] nothing that the reader chose */
  toggle({key, open}, quiet = false) {
    this.leave();
    this.regroup(fold(this.shown?.groups ?? [], key, !open), quiet);
  }

  /** @param {string[]} groups that are open and closed @param {boolean} [quiet] */
  regroup(groups, quiet = false) {
    if (!this.shown) return;
    this.shown = {...this.shown, groups};
    this.layOut();
    this.actions.regroup(groups, quiet);
  }

  /** @param {boolean} open */
  toggleAll(open) {
    this.regroup(foldAll(open));
  }

  /** Opens a row's layer, or a layer itself; of other groups what they hold. @param {Item} item */
  open(item) {
    const rows = this.shown?.rows ?? [];
    const row = item.open === null ? rows[item.rows[0]] : this.rowOf(item.key.replace(/\/$/, ''));
    if (row === null) this.toggle(item);
    else this.actions.select(row);
  }

  /** Brings a row into view, and opens what hides it. @param {string} row */
  reveal(row) {
    const number = this.shown?.rows.indexOf(row) ?? -1;
    const hides = (/** @type {Item} */ {open, rows}) => open === false && rows.includes(number);
    for (let item = this.items.find(hides); item; item = this.items.find(hides)) this.toggle(item, true);
    const index = this.items.findIndex(({open, rows}) => open === null && rows.includes(number));
    if (index >= 0) this.scrollTo(index);
  }

  /** @param {number} index of a line that is to be seen */
  scrollTo(index) {
    const top = index * this.rowHeight();
    const {scrollTop, clientHeight} = this.scroller;
    if (top >= scrollTop && top + this.rowHeight() <= scrollTop + clientHeight) return;
    this.scroller.scrollTop = top - clientHeight / 2;
    this.draw();
  }

  rowHeight() {
    return Math.max(LOWEST_ROW, Math.min(HIGHEST_ROW, Math.floor(MOST_HEIGHT / (this.items.length || 1))));
  }

  width() {
    return this.plot.clientWidth - RIGHT;
  }

  /** @param {string} key @returns {number} the line of a row or a group, -1 where it is not shown */
  indexOf(key) {
    return this.items.findIndex((item) => item.key === key);
  }

  draw() {
    const {shown, summary, axis} = this;
    const width = this.width();
    const height = this.scroller.clientHeight;
    if (!shown || width <= 0 || height <= 0) return;
    const {rows, selected, focus, states, scale, dark} = shown;
    const row = this.rowHeight();
    const top = this.scroller.scrollTop;
    const first = Math.floor(top / row);
    const last = Math.min(this.items.length, Math.ceil((top + height) / row));
    const has = (/** @type {ReadonlySet<string> | undefined} */ set) => (/** @type {Item} */ item) =>
      Boolean(set?.size) && !item.open && item.rows.some((index) => set?.has(rows[index]));
    const is = {chosen: has(selected), found: has(focus?.rows)};
    this.rows.update(this.items, first, last, row, is.chosen, (item) => ({
      title: item.open === null ? rows[item.rows[0]] : item.key.replace(/\/$/, ''), state: item.open ? undefined : worst(item, rows, states),
      chosen: is.chosen(item), focused: is.found(item),
    }));
    const context = fit(this.canvas, width, height);
    this.canvas.style.transform = `translateY(${top}px)`;
    const part = {items: this.items.slice(first, last), from: first * row - top, row, width, height, dark};
    if (summary) drawCells(context, summary, axis, scale, part);
    drawMarks(context, part, axis, is, focus);
    drawAxis(this.axisCanvas, axis, width, dark);
    this.rail.update({summary, items: this.items, axis, scale, dark, top, height, whole: this.items.length * row});
  }

  /** Tells what is at a line and the step nearest to one. @param {number} index @param {number} step */
  point(index, step) {
    const {shown, summary, axis} = this;
    const item = this.items[index];
    const column = summary && item ? columnAt(summary.frame, step) : -1;
    if (!shown || !summary || column < 0) return this.leave();
    const {first, last} = summary.frame;
    const middle = (first[column] + last[column]) / 2;
    this.at = {key: item.key, step: middle};
    const width = this.width();
    const x = Math.min(Math.max(axis.toPixel(middle, width), 0), width);
    this.place(x);
    const row = this.rowHeight();
    this.cell.hidden = false;
    this.cell.style.transform = `translate(${Math.round(x) - 3}px, ${index * row}px)`;
    axis.point(middle, this);
    this.tip.replaceChildren(...tipText(shown, summary, item, column));
    this.tip.hidden = false;
    const left = this.plot.offsetLeft + x;
    const onLeft = x > width / 2;
    this.tip.style.left = onLeft ? '' : `${left + 14}px`;
    this.tip.style.right = onLeft ? `${this.node.clientWidth - left + 14}px` : '';
    this.tip.style.top = `${(index + 1) * row - this.scroller.scrollTop + 6}px`;
  }

  /** @param {number | null} step */
  follow(step) {
    this.tip.hidden = this.cell.hidden = true;
    if (step === null) this.cross.hidden = true;
    else this.place(this.axis.toPixel(step, this.width()));
  }

  /** @param {number} x */
  place(x) {
    this.cross.hidden = x < 0 || x > this.plot.clientWidth;
    this.cross.style.transform = `translateX(${Math.round(x)}px)`;
  }

  leave() {
    this.at = null;
    this.tip.hidden = this.cell.hidden = this.cross.hidden = true;
    this.axis.point(null, this);
  }
}

/** @param {Item} item @param {string[]} rows @param {ReadonlyMap<string, string>} states @returns {string | undefined} of its rows */
function worst(item, rows, states) {
  const found = new Set(item.rows.map((index) => states.get(rows[index])));
  return SEVERITIES.find((severity) => found.has(severity));
}
