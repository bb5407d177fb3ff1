// @ts-check
/** Gradient flow: a statistic from the first layer to the last, at one step, within what it was over the window. */

import uPlot from '../vendor/uPlot.esm.js';
import {Slot, h} from '../dom.js';
import {decades, number, quantity, steps as stepsText} from '../format.js';
import {columnAt} from './axis.js';
import {FLOWS, columnsIn, decadesOf, hasOthers, isMeasured, profile, shownRows} from './depth.js';
import {Scrubber} from './scrubber.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import('./depth.js').Flow} Flow
 * @typedef {{facts: Json, flow: Flow | null, frame: import('../api.js').Frame | null, range: import('../api.js').Range,
 *   selected: ReadonlySet<string>, dark: boolean}} Shown
 * @typedef {{choose: (statistic: string) => void, select: (row: string) => void}} Actions
 */

const HEIGHT = 330;
const AXIS_WIDTH = 50;
const LONGEST_LABEL = 17;
const LETTER = 6.2;
const EDGE = 4;

export class FlowView {
  /** @param {import('./axis.js').StepAxis} axis @param {Actions} actions */
  constructor(axis, actions) {
    this.axis = axis;
    this.actions = actions;
    /** @type {Shown | null} */
    this.shown = null;
    /** The step that the scrubber stands at; null = the last one, also when others come. @type {number | null} */
    this.step = null;
    this.all = false;
    /** @type {number | null} the row under the pointer, among those shown */
    this.pointed = null;
    /** @type {uPlot | null} */
    this.chart = null;
    this.shape = '';
    this.choices = h('div.flow-choices');
    this.slot = new Slot(this.choices);
    this.plot = h('div.flow-plot', {
      tabIndex: 0, role: 'group', 'aria-label': 'Layers from first to last; the arrow keys walk through them, Enter opens one',
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event), onblur: () => this.point(null),
      onclick: () => this.open(),
    });
    this.said = h('p.said', {role: 'status'});
    this.scrubber = new Scrubber((position) => this.move(position));
    this.empty = h('p.dim', {}, 'Nothing that could be followed through the layers was measured. '
      + 'Train with HealthCallback(gradients=True, activations=True), which is the default.');
    this.body = h('div', {}, this.choices, this.scrubber.node, this.said, this.plot);
    this.node = h('div.flow', {}, this.body, this.empty);
  }

  /** @param {Shown} shown */
  update(shown) {
    this.shown = shown;
    const {facts, flow, dark} = shown;
    this.empty.hidden = Boolean(flow);
    this.body.hidden = !flow;
    if (!flow) return;
    this.slot.show([facts, flow, this.all], () => this.picker(facts, flow));
    const scene = this.scene();
    if (!scene) return;
    const width = this.plot.clientWidth;
    if (width <= 0) return;
    const shape = JSON.stringify([flow.statistic, scene.rows.length, this.all, dark, scene.bounds, width]);
    if (shape !== this.shape || !this.chart) {
      this.chart?.destroy();
      this.shape = shape;
      this.chart = new uPlot(this.options(width), scene.data, this.plot);
    } else {
      this.chart.setData(scene.data);
    }
    if (this.plot.contains(document.activeElement)) this.point(this.pointed);
    this.scrubber.update(scene.columns.length, scene.columns.indexOf(scene.at), stepsText(scene.frame.first[scene.at], scene.frame.last[scene.at]));
    this.say();
  }

  /** What is drawn: the rows, the window, the step, and uPlot's data; null while another frame is on its way. */
  scene() {
    const {facts, flow, frame, range} = /** @type {Shown} */ (this.shown);
    const names = flow ? facts.tables[flow.table].rows : [];
    if (!flow || !frame || frame.rows !== names.length || !frame.columns) return null;
    const rows = shownRows(names, this.all);
    const columns = columnsIn(frame, range);
    const at = this.step === null ? columns[columns.length - 1] : nearest(frame, columns, this.step);
    const seen = profile(frame, rows, columns, at);
    const bounds = decadesOf(seen, flow.healthy);
    /** @param {Float32Array} values */
    const drawn = (values) => Array.from(values, (value) => (value > 0 && Number.isFinite(value) ? value : null));
    const edges = Array.from(seen.values, (value) => (value === Infinity ? bounds[1] : value === 0 ? bounds[0] : null));
    const data = [rows.map((_, index) => index), drawn(seen.values), drawn(seen.low), drawn(seen.high), edges];
    return {flow, frame, names, rows, columns, at, seen, bounds, data};
  }

  /** @param {Json} facts @param {Flow} flow */
  picker(facts, flow) {
    const rows = facts.tables[flow.table].rows;
    return h('div.toolbar', {},
      h('div.choices', {role: 'group', 'aria-label': 'Statistic'}, FLOWS.map((other) => h('button', {
        type: 'button', 'data-key': `flow:${other.statistic}`, 'aria-pressed': String(other === flow), disabled: !isMeasured(facts, other),
        onclick: () => this.actions.choose(other.statistic),
      }, other.title))),
      hasOthers(rows) ? h('label.check', {}, h('input', {
        type: 'checkbox', checked: this.all, 'data-key': 'flow:all', onchange: () => this.toggle(),
      }), 'biases and scales too') : null);
  }

  toggle() {
    this.all = !this.all;
    if (this.shown) this.update(this.shown);
  }

  /** @param {number} width @returns {object} uPlot's options */
  options(width) {
    const style = getComputedStyle(document.documentElement);
    /** @param {string} name */
    const colour = (name) => style.getPropertyValue(name).trim();
    const grid = {stroke: colour('--grid'), width: 1};
    const font = '11px system-ui, sans-serif';
    const stroke = colour('--dim');
    const none = {stroke: 'transparent', width: 0, points: {show: false}};
    const shown = this.scene()?.rows ?? [];
    const longest = Math.max(...shown.map((_, index) => this.label(index).length));
    const leaning = longest * LETTER * shown.length > width - AXIS_WIDTH;
    const bounds = () => /** @type {[number, number]} */ (this.scene()?.bounds ?? [1e-3, 1]);
    return {
      width, height: HEIGHT, padding: [10, 16, 0, 0], legend: {show: false},
      series: [{}, {stroke: colour('--line-1'), width: 2, points: {show: true, size: 6, fill: colour('--card'), width: 1.5}}, none, none,
        {stroke: colour('--error'), width: 0, points: {show: true, size: 9, fill: colour('--error'), stroke: colour('--error')}}],
      bands: [{series: [3, 2], fill: `${colour('--line-1')}26`}],
      scales: {
        x: {time: false, range: (/** @type {unknown} */ _, /** @type {number} */ low, /** @type {number} */ high) => [(low ?? 0) - 0.5, (high ?? 0) + 0.5]},
        y: {distr: 3, range: bounds},
      },
      axes: [
        {size: leaning ? 26 + 4 * Math.min(longest, LONGEST_LABEL) : 28, gap: 6, font, stroke, grid: {show: false},
          ticks: {stroke: colour('--edge'), size: 4}, rotate: leaning ? -38 : 0,
          splits: () => this.splits(), values: (/** @type {unknown} */ _, /** @type {number[]} */ splits) => splits.map((index) => this.label(index))},
        {size: AXIS_WIDTH, gap: 4, font, stroke, grid, ticks: {show: false},
          splits: () => decades(...bounds(), 8), filter: (/** @type {unknown} */ _, /** @type {number[]} */ splits) => splits,
          values: (/** @type {unknown} */ _, /** @type {number[]} */ splits) => splits.map(number)},
      ],
      cursor: {y: false, drag: {x: false, y: false}, points: {size: 9}},
      hooks: {
        drawClear: [(/** @type {uPlot} */ chart) => this.drawHealthy(chart, colour('--pass'))],
        setCursor: [(/** @type {uPlot} */ chart) => chart.cursor.event && this.point(chart.cursor.left < 0 ? null : chart.cursor.idx ?? null, true)],
      },
    };
  }

  /** @param {uPlot} chart @param {string} colour */
  drawHealthy(chart, colour) {
    const healthy = this.shown?.flow?.healthy;
    if (!healthy) return;
    const {ctx, bbox} = chart;
    const [bottom, top] = healthy.map((value) => chart.valToPos(value, 'y', true));
    ctx.save();
    ctx.globalAlpha = 0.14;
    ctx.fillStyle = colour;
    ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
    ctx.globalAlpha = 1;
    ctx.font = `${11 * (window.devicePixelRatio || 1)}px system-ui, sans-serif`;
    ctx.textAlign = 'right';
    ctx.textBaseline = 'top';
    ctx.fillText(`usual where training goes well: log10 ${healthy.map((value) => number(Math.log10(value))).join(' … ')}`,
      bbox.left + bbox.width - EDGE * 2, top + EDGE);
    ctx.restore();
  }

  /** @returns {number[]} the rows whose names have room */
  splits() {
    const count = this.scene()?.rows.length ?? 0;
    const gap = Math.max(1, Math.ceil((count * 22) / Math.max(1, this.plot.clientWidth - AXIS_WIDTH)));
    return Array.from({length: Math.ceil(count / gap)}, (_, index) => index * gap);
  }

  /** @param {number} index among the rows shown @returns {string} */
  label(index) {
    const scene = this.scene();
    const name = scene?.names[scene.rows[index]] ?? '';
    const parts = name.split('/');
    const short = !this.all && scene?.flow.table === 'variables' && parts[parts.length - 1] === 'kernel' && parts.length > 1
      ? parts[parts.length - 2] : parts.slice(scene?.flow.table === 'variables' ? -2 : -1).join('/');
    return short.length > LONGEST_LABEL ? `…${short.slice(1 - LONGEST_LABEL)}` : short;
  }

  /** @param {number} position of the scrubber */
  move(position) {
    const scene = this.scene();
    if (!scene || !this.shown) return;
    this.step = position >= scene.columns.length - 1 ? null : scene.frame.first[scene.columns[position]];
    this.update(this.shown);
    const at = this.scene()?.at ?? scene.at;
    this.axis.point((scene.frame.first[at] + scene.frame.last[at]) / 2, this);
  }

  /** @param {number | null} index among the rows shown @param {boolean} [byPointer] */
  point(index, byPointer = false) {
    this.pointed = index;
    this.say();
    if (byPointer || !this.chart) return;
    this.chart.cursor.event = null;
    this.chart.setCursor({left: index === null ? -10 : this.chart.valToPos(index, 'x'), top: 10}, false);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const last = (this.scene()?.rows.length ?? 0) - 1;
    const at = this.pointed ?? -1;
    const next = {ArrowLeft: Math.max(0, at - 1), ArrowRight: Math.min(last, at + 1), Home: 0, End: last}[event.key];
    if (event.key === 'Enter') this.open();
    if (next === undefined || last < 0) return;
    event.preventDefault();
    this.point(next);
  }

  open() {
    const scene = this.scene();
    if (scene && this.pointed !== null && scene.rows[this.pointed] !== undefined) this.actions.select(scene.names[scene.rows[this.pointed]]);
  }

  /** Says what stands under the pointer; how far the first layer is from the last one where there is none. */
  say() {
    const scene = this.scene();
    if (!scene) return this.said.replaceChildren();
    const {names, rows, seen, frame, at, columns} = scene;
    const when = stepsText(frame.first[at], frame.last[at]);
    const index = this.pointed;
    if (index === null || rows[index] === undefined) return this.said.replaceChildren(...summary(names, rows, seen, when));
    const window_ = stepsText(frame.first[columns[0]], frame.last[columns[columns.length - 1]]);
    const spread = Number.isNaN(seen.low[index]) ? '' : `; ${quantity(seen.low[index])} to ${quantity(seen.high[index])} in ${window_}`;
    this.said.replaceChildren(h('span.mono', {}, names[rows[index]]), ' ', h('b', {}, told(seen.values[index])), ` at ${when}${spread}`);
  }
}

/** @param {number} value */
const told = (value) => (Number.isNaN(value) ? 'not measured' : quantity(value));

/** @param {import('../api.js').Frame} frame @param {number[]} columns @param {number} step @returns {number} the column nearest to it, of these */
const nearest = (frame, columns, step) => Math.min(Math.max(columnAt(frame, step), columns[0]), columns[columns.length - 1]);

/** @param {string[]} names @param {number[]} rows @param {import('./depth.js').Profile} seen @param {string} when */
function summary(names, rows, {values}, when) {
  const known = rows.map((_, index) => index).filter((index) => !Number.isNaN(values[index]));
  const [first, last] = [known[0], known[known.length - 1]];
  if (first === undefined || first === last) return [`At ${when}.`];
  const ratio = values[first] / values[last];
  return [`At ${when}, `, h('span.mono', {}, names[rows[first]]), ' has ', h('b', {}, Number.isFinite(ratio) ? `${number(ratio)} ×` : told(values[first])),
    Number.isFinite(ratio) ? ' what ' : ', and ', h('span.mono', {}, names[rows[last]]), Number.isFinite(ratio) ? ' has.' : ` ${told(values[last])}.`];
}
