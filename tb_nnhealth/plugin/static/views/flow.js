// @ts-check
/** Gradient flow: a statistic from the first layer to the last, at one step, within what it was over the window. */

import uPlot from '../vendor/uPlot.esm.js';
import {isLost} from '../api.js';
import {Slot, h} from '../dom.js';
import {number, plural, quantity, steps as stepsText, whole} from '../format.js';
import {columnAt} from './axis.js';
import {FLOWS, branchesOf, columnsIn, decadesOf, endsOf, hasOthers, hasZero, healthyOf, inDepth, isIn, isMeasured, shownRows, spread, valuesAt} from './depth.js';
import {flowData, flowOptions} from './flowplot.js';
import {Scrubber} from './scrubber.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import('./depth.js').Flow} Flow
 * @typedef {{facts: Json, flow: Flow | null, frame: import('./depth.js').FlowFrame | null, range: import('../api.js').Range,
 *   step: number | null, everything: boolean, selected: ReadonlySet<string>, dark: boolean}} Shown
 * @typedef {import('./flowplot.js').Scene} Scene
 * @typedef {{choose: (statistic: string) => void, select: (row: string) => void, step: (step: number | null) => void,
 *   everything: (all: boolean) => void}} Actions
 */

/** Outputs to which the first row is compared. */
const MOST_PAIRS = 3;

export class FlowView {
  /** @param {import('./axis.js').StepAxis} axis @param {Actions} actions */
  constructor(axis, actions) {
    this.axis = axis;
    this.actions = actions;
    /** @type {Shown | null} */
    this.shown = null;
    /** @type {Scene | null} */
    this.scene = null;
    /** The step that the scrubber stands at; null = the last one, also when others come. @type {number | null} */
    this.step = null;
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
    this.scrubber = new Scrubber((position) => this.move(position), () => actions.step(this.step));
    this.empty = h('p.dim', {}, 'Nothing that could be followed through the layers was measured. '
      + 'Train with HealthCallback("logs/run1", gradients=True, activations=True), which is the default.');
    this.body = h('div', {}, this.choices, this.scrubber.node, this.said, this.plot);
    this.node = h('div.flow', {}, this.body, this.empty);
  }

  /** @param {Shown} shown */
  update(shown) {
    this.shown = shown;
    const {facts, flow, step, everything} = shown;
    if (!this.scrubber.isPlaying) this.step = step;
    this.empty.hidden = Boolean(flow);
    this.body.hidden = !flow;
    if (!flow) return;
    this.slot.show([facts, flow, everything], () => this.picker(facts, flow, everything));
    this.scene = this.stage();
    const width = this.plot.clientWidth;
    if (this.scene && width > 0) this.draw(this.scene, width);
    this.say();
  }

  /** @param {Scene} scene @param {number} width */
  draw(scene, width) {
    const {flow, rows, own, bounds, columns, frame, at} = scene;
    const {dark, everything} = /** @type {Shown} */ (this.shown);
    const shape = JSON.stringify([flow.statistic, rows.length, own, everything, dark, bounds, scene.healthy, hasZero(scene.around), width]);
    if (shape !== this.shape || !this.chart) {
      this.chart?.destroy();
      this.shape = shape;
      this.chart = new uPlot(flowOptions(() => this.scene ?? scene, width, (index) => this.point(index, true)), flowData(scene), this.plot);
    } else {
      this.chart.setData(flowData(scene));
    }
    if (this.plot.contains(document.activeElement)) this.point(this.pointed);
    this.scrubber.update(columns.length, columns.indexOf(at), stepsText(frame.first[at], frame.last[at]));
  }

  /** @returns {Scene | null} null while another frame is on its way */
  stage() {
    const {facts, flow, frame, range, everything} = /** @type {Shown} */ (this.shown);
    const names = flow ? facts.tables[flow.table].rows : [];
    if (!flow || frame?.statistic !== flow.statistic || frame.rows !== names.length || !frame.columns) return null;
    const branches = branchesOf(facts, flow.table);
    const rows = inDepth(shownRows(names, everything), branches);
    const own = rows.map((row) => branches[row]);
    const columns = columnsIn(frame, range);
    const around = spread(frame, rows, columns);
    const healthy = healthyOf(facts, flow);
    return {flow, healthy, frame, names, rows, own, columns, around, bounds: decadesOf(around, healthy), ...momentOf(frame, rows, columns, this.step)};
  }

  /** @param {Json} facts @param {Flow} flow @param {boolean} everything */
  picker(facts, flow, everything) {
    const rows = facts.tables[flow.table].rows;
    return h('div.toolbar', {},
      h('div.choices', {role: 'group', 'aria-label': 'Statistic'}, FLOWS.map((other) => h('button', {
        type: 'button', 'data-key': `flow:${other.statistic}`, 'aria-pressed': String(other === flow), disabled: !isMeasured(facts, other),
        onclick: () => this.actions.choose(other.statistic),
      }, other.title))),
      hasOthers(rows) ? h('label.check', {}, h('input', {
        type: 'checkbox', checked: everything, 'data-key': 'flow:all', onchange: () => this.actions.everything(!everything),
      }), 'biases and scales too') : null);
  }

  /** @param {number} position of the scrubber */
  move(position) {
    const {scene} = this;
    if (!scene) return;
    const {frame, rows, columns} = scene;
    this.step = position >= columns.length - 1 && hasNumbers(frame, rows, columns[position]) ? null : frame.first[columns[position]];
    Object.assign(scene, momentOf(frame, rows, columns, this.step));
    this.draw(scene, this.plot.clientWidth);
    this.say();
    this.axis.point((frame.first[scene.at] + frame.last[scene.at]) / 2, this);
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
    const last = (this.scene?.rows.length ?? 0) - 1;
    const at = this.pointed ?? -1;
    const next = {ArrowLeft: Math.max(0, at - 1), ArrowRight: Math.min(last, at + 1), Home: 0, End: last}[event.key];
    if (event.key === 'Enter') this.open();
    if (next === undefined || last < 0) return;
    event.preventDefault();
    this.point(next);
  }

  open() {
    const {scene} = this;
    if (scene && this.pointed !== null && scene.rows[this.pointed] !== undefined) this.actions.select(scene.names[scene.rows[this.pointed]]);
  }

  /** Says what stands under the pointer; how far the first layer is from the last one of each output where there is none. */
  say() {
    const {scene} = this;
    if (!scene) return this.said.replaceChildren();
    const {names, rows, values, around, frame, at, columns} = scene;
    const isInside = isIn(frame, at, this.shown?.range ?? null);
    const when = `${stepsText(frame.first[at], frame.last[at])}${isInside ? '' : ', the last sample before the steps shown'}`;
    const index = this.pointed;
    if (index === null || rows[index] === undefined) return this.said.replaceChildren(...summary(scene, when));
    const window_ = stepsText(frame.first[columns[0]], frame.last[columns[columns.length - 1]]);
    const between = Number.isNaN(around.low[index]) ? '' : `; ${quantity(around.low[index])} to ${quantity(around.high[index])} in ${window_}`;
    this.said.replaceChildren(h('span.mono', {}, names[rows[index]]), ' ', h('b', {}, told(values[index], isLost(frame, rows[index], at))), ` at ${when}${between}`);
  }
}

/** @param {number} value @param {boolean} lost */
const told = (value, lost) => (lost ? 'NaN' : Number.isNaN(value) ? 'not measured' : quantity(value));

/** @param {import('../api.js').Frame} frame @param {number[]} rows @param {number} column */
const hasNumbers = (frame, rows, column) => rows.some((row) => !Number.isNaN(frame.planes[0][row * frame.columns + column]));

/**
 * @param {import('../api.js').Frame} frame @param {number[]} rows @param {number[]} columns the window
 * @param {number | null} step null = the window's last that has numbers @returns {{at: number, values: Float32Array}} the column nearest to it, and its values
 */
function momentOf(frame, rows, columns, step) {
  const last = columns[columns.length - 1];
  const latest = [...columns].reverse().find((column) => hasNumbers(frame, rows, column)) ?? last;
  const at = step === null ? latest : Math.min(Math.max(columnAt(frame, step), columns[0]), last);
  return {at, values: valuesAt(frame, rows, at)};
}

/** @param {Scene} scene @param {string} when */
function summary({frame, names, rows, own, values, columns, at}, when) {
  const known = rows.map((_, index) => index).filter((index) => !Number.isNaN(values[index]));
  const gone = (/** @type {number} */ index) => isLost(frame, rows[index], at);
  if (!known.length) return [rows.some((_, index) => gone(index)) ? `At ${when} all is NaN.` : `At ${when} nothing was measured.`];
  const next = columns[columns.indexOf(at) + 1];
  const end = next !== undefined && rows.some((row) => isLost(frame, row, next)) && !hasNumbers(frame, rows, next)
    ? [h('b.lost', {}, ` All is NaN from step ${whole(frame.first[next])} on.`)] : [];
  const name = (/** @type {number} */ index) => h('span.mono', {}, names[rows[index]]);
  const pairs = endsOf(known.map((index) => own[index]));
  const told = pairs.slice(0, MOST_PAIRS).flatMap(([first, last], index) => [index ? ' and ' : '', ...compared(known[first], known[last], values, name, pairs[index - 1]?.[0] === first)]);
  const more = pairs.length > MOST_PAIRS ? ` and so on for ${plural(pairs.length - MOST_PAIRS, 'more output')}` : '';
  return [`At ${when}, `, ...told, `${more}.`, ...end];
}

/** @param {number} first @param {number} last @param {Float32Array} values @param {(index: number) => Node} name @param {boolean} isNamed the first one, before @returns {(Node | string)[]} */
function compared(first, last, values, name, isNamed) {
  const ratio = values[first] / values[last];
  const start = isNamed ? [] : [name(first), ' has '];
  if (first === last) return [...start, h('b', {}, quantity(values[first]))];
  if (!Number.isFinite(ratio) || ratio === 0) return [...start, h('b', {}, quantity(values[first])), ', and ', name(last), ` ${quantity(values[last])}`];
  return [...start, h('b', {}, `${number(ratio)} ×`), ' what ', name(last), ' has'];
}
