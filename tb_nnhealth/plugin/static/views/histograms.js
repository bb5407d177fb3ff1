// @ts-check
/** The histograms of one tensor of a layer and of its output: stacked over time, or painted over the shared steps. */

import {Slot, h} from '../dom.js';
import {plural, steps, whole} from '../format.js';
import {Choices} from './choices.js';
import {missingHistograms, spreadPlace, withHistograms} from './charts.js';
import {columnsInView} from './bins.js';
import {Distribution} from './distribution.js';
import {Ridges} from './ridges.js';
import {resize} from './strip.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import('./charts.js').Place} Place
 * @typedef {{facts: Json, row: string, places: Place[], spreads: import('./distribution.js').Spread[], form: string, dark: boolean}} Shown
 */

/** How histograms are shown; the first one unless another is chosen. */
export const FORMS = [{name: 'stacked', title: 'Stacked'}, {name: 'steps', title: 'Over the steps'}];

const AXIS = 'The axis of the values is logarithmic to both sides of zero: a bin is a power of two, and what is next to nothing stands in one around zero.';

export class Histograms {
  /** @param {import('./axis.js').StepAxis} axis @param {{select: (row: string) => void, reshape: (form: string) => void}} actions */
  constructor(axis, {select, reshape}) {
    this.axis = axis;
    this.select = select;
    /** @type {Ridges[]} */
    this.ridges = [];
    /** @type {Distribution[]} */
    this.strips = [];
    const tensors = h('div.tensors-place');
    this.tensors = new Slot(tensors);
    this.forms = new Choices('Shown', FORMS, reshape);
    this.hosts = {ridges: h('div.ridges-place'), strips: h('div.strips')};
    this.note = h('p.dim');
    this.node = h('section.histograms', {'aria-label': 'Histograms'},
      h('div.histograms-head', {}, h('h4', {}, 'Histograms'), tensors, h('span.space'), this.forms.node), this.note, this.hosts.ridges, this.hosts.strips);
  }

  /** @param {Shown | null} shown */
  update(shown) {
    const {spreads: all = [], form = ''} = shown ?? {};
    const spreads = all.some(({frame}) => columnsInView(frame, this.axis).length) ? all : [];
    const isStacked = form !== 'steps';
    this.forms.update(form);
    this.hosts.ridges.hidden = !isStacked;
    this.hosts.strips.hidden = isStacked;
    resize(this.ridges, isStacked ? spreads.length : 0, () => new Ridges(this.axis), this.hosts.ridges);
    resize(this.strips, isStacked ? 0 : spreads.length, () => new Distribution(this.axis), this.hosts.strips);
    if (!shown) return;
    const {facts, row, places, dark} = shown;
    this.tensors.show([facts, row], () => tensors(withHistograms(facts, places), spreadPlace(facts, places, row), this.select));
    this.forms.node.hidden = !all.length;
    this.note.textContent = told(facts, places, row, all, this.axis);
    this.node.hidden = !this.note.textContent;
    this.ridges.forEach((ridge, index) => ridge.update(spreads[index]));
    this.strips.forEach((strip, index) => strip.update(spreads[index], dark));
  }
}

/** @param {Json} facts @param {Place[]} places @param {string} row @param {import('./distribution.js').Spread[]} spreads @param {import('./axis.js').StepAxis} axis @returns {string} which histograms there are, and which are not */
function told(facts, places, row, spreads, axis) {
  const missing = missingHistograms(facts, places, row);
  const lacking = missing.length ? ` None was taken of the ${missing.join(' and the ')}.` : '';
  if (!withHistograms(facts, places).length) return lacking && 'No histogram of this layer was taken: HealthCallback("logs/run1", histograms=True) takes them.';
  if (!spreads.length) return AXIS;
  const [{frame}] = spreads;
  const columns = columnsInView(frame, axis);
  if (!columns.length) return `No histogram was taken in these steps.${lacking}`;
  const taken = steps(frame.first[columns[0]], frame.last[columns[columns.length - 1]]);
  const isThinned = columns.some((column) => frame.first[column] < frame.last[column]);
  return `${isThinned ? 'Histograms' : plural(columns.length, 'histogram')}, ${taken} of ${whole(facts.training.steps)}. ${AXIS}${lacking}`;
}

/**
 * The choice of the tensor whose histograms are shown, where there is one.
 * @param {Place[]} places @param {Place | null} shown @param {(row: string) => void} select
 */
function tensors(places, shown, select) {
  if (places.length < 2) return null;
  return h('div.tensors', {role: 'group', 'aria-label': 'Histograms of'}, places.map((place) => h('button', {
    type: 'button', title: place.row, 'data-key': `tensor:${place.row}`, 'aria-pressed': String(place.row === shown?.row),
    onclick: () => select(place.row),
  }, place.name || 'output')));
}
