// @ts-check
/** The charts of the chosen row: of its layer's variables and outputs, or of a tensor of the batch. */

import {Slot, h} from '../dom.js';
import {short} from '../format.js';
import {rowCharts, spreadPlace, withHistograms} from './charts.js';
import {classBars} from './classes.js';
import {Distribution} from './distribution.js';
import {Reading} from './reading.js';
import {Strip, resize} from './strip.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import('./charts.js').Source} Source
 * @typedef {import('./charts.js').Place} Place
 * @typedef {{facts: Json, row: string, layer: Json | null, places: Place[], sources: Source[],
 *   spreads: import('./distribution.js').Spread[], classes: Source[], dark: boolean}} Shown
 */

export class LayerPanel {
  /** @param {import('./axis.js').StepAxis} axis @param {(row: string | null) => void} select */
  constructor(axis, select) {
    this.axis = axis;
    this.select = select;
    /** @type {Strip[]} */
    this.strips = [];
    /** @type {Distribution[]} */
    this.spreads = [];
    const [head, strips, tensors, spreads, classes] =
      ['div.layer-head', 'div.strips', 'div', 'div.strips', 'div.strips'].map((tag) => h(tag));
    this.hosts = {head, strips, spreads};
    this.slots = {tensors: new Slot(tensors), classes: new Slot(classes)};
    this.node = h('section.layer', {'aria-label': 'Charts of the chosen row', hidden: true},
      head, new Reading(axis, () => this.strips, strips).node, tensors, spreads, classes);
  }

  /** @param {Shown | null} shown */
  update(shown) {
    this.node.hidden = !shown;
    const charts = shown ? rowCharts(shown.facts, shown.sources) : [];
    resize(this.strips, charts.length, () => new Strip(this.axis), this.hosts.strips);
    resize(this.spreads, shown?.spreads.length ?? 0, () => new Distribution(this.axis), this.hosts.spreads);
    if (!shown) return;
    const {facts, row, layer, places, spreads, classes, dark} = shown;
    this.hosts.head.replaceChildren(...head(row, layer, () => this.select(null)));
    charts.forEach((chart, index) => this.strips[index].update(chart, dark));
    this.slots.tensors.show([facts, row], () =>
      tensors(withHistograms(facts, places), spreadPlace(facts, places, row), this.select));
    this.spreads.forEach((spread, index) => spread.update(spreads[index]));
    this.slots.classes.show([classes], () => classes.length
      ? classBars(classes, facts.tables.classes.columns.map((/** @type {Json} */ column) => column.name)) : null);
  }
}

/** @param {string} row @param {Json | null} layer @param {() => void} close */
function head(row, layer, close) {
  const facts = layer
    ? [layer.class, layer.activation, layer.units ? `${layer.units} units` : '', `${short(layer.parameters)} parameters`,
        layer.trainable ? '' : 'frozen']
    : [];
  return [
    h('h3.mono', {title: layer?.path ?? row}, layer?.path ?? row),
    h('span.dim', {}, facts.filter(Boolean).join(' · ')),
    h('span.space'),
    h('button', {type: 'button', onclick: close}, 'Close'),
  ];
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
