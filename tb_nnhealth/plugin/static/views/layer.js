// @ts-check
/** The page of the chosen row: what its layer, or tensor of the batch, is, the findings about it, and its charts. */

import {Slot, h} from '../dom.js';
import {findingsList, head, layerFacts, tensorFacts} from './about.js';
import {rowCharts} from './charts.js';
import {classBars} from './classes.js';
import {Histograms} from './histograms.js';
import {Reading} from './reading.js';
import {Statistics} from './statistics.js';
import {Strip, drawSteps, resize} from './strip.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import('./charts.js').Source} Source
 * @typedef {import('./charts.js').Place} Place
 * @typedef {{facts: Json, card: Json, row: string, layer: Json | null, about: Json | null, places: Place[], sources: Source[],
 *   spreads: import('./distribution.js').Spread[], form: string, classes: Source[], dark: boolean}} Shown
 */

export class LayerPanel {
  /** @param {import('./axis.js').StepAxis} axis @param {import('./about.js').Actions & {reshape: (form: string) => void}} actions */
  constructor(axis, actions) {
    this.axis = axis;
    this.actions = actions;
    /** @type {Strip[]} */
    this.strips = [];
    const [top, findings, about, strips, classes] = ['div.layer-head', 'div', 'div', 'div.strips', 'div.strips'].map((tag) => h(tag));
    this.host = strips;
    this.slots = {head: new Slot(top), findings: new Slot(findings), about: new Slot(about), classes: new Slot(classes)};
    this.steps = h('canvas.steps', {'aria-hidden': 'true'});
    this.histograms = new Histograms(axis, actions);
    this.statistics = new Statistics(axis);
    this.node = h('section.layer', {'aria-label': 'Charts of the chosen row', hidden: true},
      top, findings, about, new Reading(axis, () => this.strips, strips).node, this.steps, classes, this.histograms.node, this.statistics.node);
  }

  /** @param {Shown | null} shown */
  update(shown) {
    this.node.hidden = !shown;
    const charts = shown ? rowCharts(shown.facts, shown.sources) : [];
    resize(this.strips, charts.length, () => new Strip(this.axis), this.host);
    this.histograms.update(shown);
    this.statistics.update(shown);
    if (!shown) return;
    const {facts, classes, dark} = shown;
    this.updateAbout(shown);
    charts.forEach((chart, index) => this.strips[index].update(chart, dark));
    this.steps.hidden = !charts.length;
    drawSteps(this.steps, this.strips, this.axis, dark);
    this.slots.classes.show([classes], () => classes.length
      ? classBars(classes, facts.tables.classes.columns.map((/** @type {Json} */ column) => column.name)) : null);
  }

  /** @param {Shown} shown */
  updateAbout({facts, card, row, layer, about}) {
    const {select, read} = this.actions;
    const known = about && about.path === layer?.path ? about : null;
    const tensor = facts.model.batch.find((/** @type {Json} */ other) => other.row === row);
    this.slots.head.show([layer?.path ?? row, layer && JSON.stringify(layer)], () => h('div.layer-title', {}, head(row, layer, () => select(null))));
    this.slots.findings.show([card, row, layer?.path], () => (layer || tensor ? findingsList(card, row, layer, read) : null));
    this.slots.about.show([JSON.stringify(known ?? tensor)], () => (known ? layerFacts(known) : tensor ? tensorFacts(tensor) : null));
  }
}
