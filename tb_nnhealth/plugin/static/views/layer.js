// @ts-check
/** The page of the chosen row: what its layer, or tensor of the batch, is, the findings about it, and its charts. */

import {Slot, h} from '../dom.js';
import {findingsList, head, layerFacts, tensorFacts} from './about.js';
import {drawAxis} from './cells.js';
import {rowCharts, spreadPlace, withHistograms} from './charts.js';
import {classBars} from './classes.js';
import {Distribution} from './distribution.js';
import {Reading} from './reading.js';
import {BESIDE, Statistics} from './statistics.js';
import {Strip, resize} from './strip.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import('./charts.js').Source} Source
 * @typedef {import('./charts.js').Place} Place
 * @typedef {{facts: Json, card: Json, row: string, layer: Json | null, about: Json | null, places: Place[], sources: Source[],
 *   spreads: import('./distribution.js').Spread[], classes: Source[], dark: boolean}} Shown
 */

export class LayerPanel {
  /** @param {import('./axis.js').StepAxis} axis @param {import('./about.js').Actions} actions */
  constructor(axis, actions) {
    this.axis = axis;
    this.actions = actions;
    /** @type {Strip[]} */
    this.strips = [];
    /** @type {Distribution[]} */
    this.spreads = [];
    const [top, findings, about, strips, tensors, spreads, classes] =
      ['div.layer-head', 'div', 'div', 'div.strips', 'div', 'div.strips', 'div.strips'].map((tag) => h(tag));
    this.hosts = {strips, spreads};
    this.slots = {head: new Slot(top), findings: new Slot(findings), about: new Slot(about), tensors: new Slot(tensors), classes: new Slot(classes)};
    this.steps = h('canvas.steps', {'aria-hidden': 'true'});
    this.statistics = new Statistics(axis);
    this.node = h('section.layer', {'aria-label': 'Charts of the chosen row', hidden: true},
      top, findings, about, new Reading(axis, () => this.strips, strips).node, this.steps, tensors, spreads, classes, this.statistics.node);
  }

  /** @param {Shown | null} shown */
  update(shown) {
    this.node.hidden = !shown;
    const charts = shown ? rowCharts(shown.facts, shown.sources) : [];
    resize(this.strips, charts.length, () => new Strip(this.axis), this.hosts.strips);
    resize(this.spreads, shown?.spreads.length ?? 0, () => new Distribution(this.axis), this.hosts.spreads);
    this.statistics.update(shown);
    if (!shown) return;
    const {facts, row, places, spreads, classes, dark} = shown;
    this.updateAbout(shown);
    charts.forEach((chart, index) => this.strips[index].update(chart, dark));
    this.steps.hidden = !charts.length;
    const width = (this.strips[0]?.plot.clientWidth ?? 0) - BESIDE;
    if (width > 0) drawAxis(this.steps, this.axis, width, dark);
    this.slots.tensors.show([facts, row], () =>
      tensors(withHistograms(facts, places), spreadPlace(facts, places, row), this.actions.select));
    this.spreads.forEach((spread, index) => spread.update(spreads[index]));
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

/**
 * The choice of the tensor whose histograms are shown, where there is one.
 * @param {Place[]} places @param {Place | null} shown @param {(row: string) => void} select
 */
function tensors(places, shown, select) {
  if (places.length < 2) return null;
  return h('div.tensors', {role: 'group', 'aria-label': 'Spread of'}, h('span.strip-title', {}, 'Spread of'),
    places.map((place) => h('button', {
      type: 'button', title: place.row, 'data-key': `tensor:${place.row}`, 'aria-pressed': String(place.row === shown?.row),
      onclick: () => select(place.row),
    }, place.name || 'output')));
}
