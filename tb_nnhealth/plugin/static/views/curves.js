// @ts-check
/** Training curves: the loss and its parts, metrics, learning rate and gradient norm, training and validation together. */

import {h} from '../dom.js';
import {OF_WHAT, curveCharts} from './charts.js';
import {Reading} from './reading.js';
import {Strip, drawSteps, resize} from './strip.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {{facts: Json, frame: import('../api.js').Frame | null, logLoss: boolean, dark: boolean}} Shown
 */

export class CurvesView {
  /** @param {import('./axis.js').StepAxis} axis @param {(logLoss: boolean) => void} scale */
  constructor(axis, scale) {
    this.axis = axis;
    /** @type {Strip[]} */
    this.strips = [];
    this.toggle = h('input', {type: 'checkbox', onchange: () => scale(this.toggle.checked)});
    this.bar = h('div.toolbar', {}, h('label.check', {}, this.toggle, 'losses on a logarithmic scale'));
    this.hint = h('p.hint', {}, OF_WHAT);
    this.host = h('div.strips', {});
    this.steps = h('canvas.steps', {'aria-hidden': 'true'});
    this.empty = h('p.dim', {}, 'No loss was measured: the curves need a compiled loss.');
    const {node} = new Reading(axis, () => this.strips, this.host);
    this.node = h('div.curves', {}, this.bar, this.hint, node, this.steps, this.empty);
  }

  /** @param {Shown} shown */
  update({facts, frame, logLoss, dark}) {
    this.toggle.checked = logLoss;
    const charts = frame ? curveCharts(facts, frame, logLoss) : [];
    this.empty.hidden = !frame || charts.length > 0;
    this.bar.hidden = this.hint.hidden = this.steps.hidden = !charts.length;
    if (!frame) return;
    resize(this.strips, charts.length, () => new Strip(this.axis), this.host);
    charts.forEach((chart, index) => this.strips[index].update(chart, dark));
    drawSteps(this.steps, this.strips, this.axis, dark);
  }
}
