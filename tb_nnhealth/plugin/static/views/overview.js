// @ts-check
/** The whole run at a glance: its loss, where findings begin, and the window of steps that the views below show. */

import {Slot, h} from '../dom.js';
import {NARROWEST, StepAxis} from './axis.js';
import {Brush} from './brush.js';
import {lossChart} from './charts.js';
import {flags, groups} from './flags.js';
import {Strip, drawSteps, plotWidth} from './strip.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {{facts: Json, card: Json, frame: import('../api.js').Frame | null, range: import('../api.js').Range, dark: boolean}} Shown
 * @typedef {{zoom: (range: import('../api.js').Range) => void, open: (findings: Json[]) => void}} Actions
 */

const HEIGHT = 104;

export class Overview {
  /** @param {StepAxis} shared the axis of the views @param {Actions} actions */
  constructor(shared, actions) {
    this.actions = actions;
    this.axis = new StepAxis();
    this.axis.onzoom = actions.zoom;
    couple(this.axis, shared);
    this.loss = new Strip(this.axis);
    this.brush = new Brush(this.axis);
    this.pointed = h('div.pointed', {hidden: true});
    this.steps = h('canvas.steps', {'aria-hidden': 'true'});
    const place = h('div.flags-place');
    this.flags = new Slot(place);
    this.brush.node.prepend(this.pointed);
    this.loss.plot.append(this.brush.node);
    this.node = h('div.overview', {}, this.loss.node, place, this.steps);
  }

  /** @param {Shown} shown */
  update({facts, card, frame, range, dark}) {
    this.axis.set(null, facts.training.steps - 1);
    this.node.hidden = !facts.tables.steps;
    for (const part of this.node.children) part.hidden = !frame;
    if (!frame) return;
    this.loss.update({...lossChart(facts, frame), height: HEIGHT}, dark);
    this.brush.node.hidden = this.axis.end < NARROWEST;
    this.brush.update(range);
    const width = plotWidth(this.loss);
    if (width <= 0) return;
    this.flags.show([card, facts.training.steps, width], () =>
      flags('Findings on the steps', groups(card, this.axis, width), this.axis, this.actions.open, (finding) => this.point(finding)));
    drawSteps(this.steps, [this.loss], this.axis, dark);
  }

  /** Shades the steps of a finding. @param {Json | null} finding */
  point(finding) {
    this.pointed.hidden = !finding;
    if (!finding) return;
    const left = this.axis.toPixel(finding.first_step, 100);
    this.pointed.dataset.state = finding.severity;
    this.pointed.style.left = `${left}%`;
    this.pointed.style.width = `${Math.max(0, Math.min(100, this.axis.toPixel(finding.last_step ?? finding.first_step, 100)) - left)}%`;
  }
}

/** Lets the pointer on one axis be followed on the other. @param {StepAxis} one @param {StepAxis} other */
function couple(one, other) {
  const passed = {};
  one.listeners.add((step, source) => source !== passed && other.point(step, passed));
  other.listeners.add((step, source) => source !== passed && one.point(step, passed));
}
