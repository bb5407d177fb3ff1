// @ts-check
/** Training curves: the loss and its parts, metrics, learning rate and gradient norm, training and validation together. */

import {Slot, h} from '../dom.js';
import {OF_WHAT, curveCharts} from './charts.js';
import {beginnings, flags, groups} from './flags.js';
import {Reading} from './reading.js';
import {Strip, drawSteps, plotWidth, resize} from './strip.js';

/**
 * @typedef {Record<string, any>} Json
 * `scale`: whether losses stand on a logarithmic scale; `point` shows the steps of a finding.
 * @typedef {{scale: (logLoss: boolean) => void, open: (findings: Json[]) => void, point: (finding: Json | null) => void}} Actions
 * @typedef {{facts: Json, card: Json, frame: import('../api.js').Frame | null, logLoss: boolean, dark: boolean}} Shown
 */

export class CurvesView {
  /** @param {import('./axis.js').StepAxis} axis @param {Actions} actions */
  constructor(axis, actions) {
    this.axis = axis;
    this.actions = actions;
    /** @type {Strip[]} */
    this.strips = [];
    this.toggle = h('input', {type: 'checkbox', onchange: () => actions.scale(this.toggle.checked)});
    this.bar = h('div.toolbar', {}, h('label.check', {}, this.toggle, 'losses on a logarithmic scale'));
    this.hint = h('p.hint', {}, OF_WHAT);
    this.host = h('div.strips', {});
    this.steps = h('canvas.steps', {'aria-hidden': 'true'});
    this.empty = h('p.dim', {}, 'No loss was measured: the curves need a compiled loss.');
    const place = h('div.flags-place');
    this.place = place;
    this.flags = new Slot(place);
    const {node} = new Reading(axis, () => this.strips, this.host);
    this.node = h('div.curves', {}, this.bar, this.hint, node, place, this.steps, this.empty);
  }

  /** @param {Shown} shown */
  update({facts, card, frame, logLoss, dark}) {
    this.toggle.checked = logLoss;
    const charts = frame ? curveCharts(facts, frame, logLoss) : [];
    this.empty.hidden = !frame || charts.length > 0;
    this.bar.hidden = this.hint.hidden = this.place.hidden = this.steps.hidden = !charts.length;
    if (!frame) return;
    resize(this.strips, charts.length, () => new Strip(this.axis), this.host);
    const {axis, strips} = this;
    const width = strips.length ? plotWidth(strips[0]) : 0;
    const marked = width > 0 ? groups(card, axis, width) : [];
    const marks = beginnings(marked);
    charts.forEach((chart, index) => strips[index].update({...chart, marks}, dark));
    this.flags.show([card, axis.first, axis.last, axis.log, width], () =>
      flags('Findings on the curves', marked, axis, this.actions.open, this.actions.point));
    drawSteps(this.steps, this.strips, this.axis, dark);
  }
}
