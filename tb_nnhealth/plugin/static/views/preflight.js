// @ts-check
/** What the preflight found: its probes with what each took, and the loss by learning rate. */

import * as api from '../api.js';
import {Slot, chevron, h, icon} from '../dom.js';
import {sentence} from '../format.js';
import {RatesChart} from './rates.js';

/** @typedef {Record<string, any>} Json */

/** @param {Json | null} facts @param {boolean | null} chosen by the reader @returns {boolean} whether the preflight is unfolded: it is at first where no training came after it */
export const isUnfolded = (facts, chosen) => Boolean(facts?.preflight) && (chosen ?? !facts?.preflight.trained);

export class Preflight {
  /** @param {(open: boolean) => void} fold */
  constructor(fold) {
    this.isOpen = false;
    const [summary, table, chart] = ['summary', 'div.probes', 'div.rates-place'].map((tag) => h(tag));
    summary.dataset.key = 'part:preflight';
    summary.onclick = (/** @type {Event} */ event) => {
      event.preventDefault(); // The state says whether it is open: the page may be drawn before it is told what was clicked.
      fold(!this.isOpen);
    };
    this.slots = {summary: new Slot(summary), table: new Slot(table), chart: new Slot(chart)};
    this.details = h('details', {}, summary, h('div.flown', {}, table, chart));
    this.node = h('section.preflight.card', {'aria-label': 'Preflight'}, this.details);
  }

  /** @param {{facts: Json | null, flight: Json | null, preflight: boolean | null, dark: boolean}} shown */
  update({facts, flight, preflight, dark}) {
    const told = facts?.preflight ?? null;
    this.node.hidden = !told;
    this.isOpen = this.details.open = isUnfolded(facts, preflight);
    if (!told) return;
    this.slots.summary.show([told.state, told.told, told.took], () => head(told));
    this.slots.table.show([flight, dark], () => (flight ? probes(flight, dark ? 'dark' : 'light') : h('p.dim', {role: 'status'}, 'Reading the preflight …')));
    this.slots.chart.host.hidden = !flight?.rates;
    this.slots.chart.show([flight], () => (flight?.rates ? new RatesChart(flight.rates).node : null));
  }
}

/** @param {Json} told */
const head = ({state, told, took}) => h('div.flight-head', {}, icon(state), h('h2', {}, 'Preflight'),
  h('span.dim', {}, `${told} · ${took}`), chevron('down', 'up'));

/** @param {Json} flight @param {string} theme */
const probes = ({probes, cost}, theme) => h('div', {},
  h('table', {},
    h('thead', {}, h('tr', {}, ['State', 'Probe', 'Found'].map((name) => h('th', {scope: 'col'}, name)), h('th.seconds', {scope: 'col'}, 'Took'))),
    h('tbody', {}, probes.map((/** @type {Json} */ probe) => line(probe, theme)))),
  h('p.dim.cost', {}, sentence(cost)));

/** @param {Json} probe @param {string} theme */
const line = ({name, state, word, told, took, has_rule: hasRule}, theme) => h('tr', {'data-state': state},
  h('td.state', {}, h('span', {}, icon(state), word)),
  h('th', {scope: 'row'}, hasRule ? h('a', {href: api.rulePage(name, theme), target: '_blank', rel: 'noopener'}, name) : name),
  h('td.told', {}, told),
  h('td.seconds', {}, took));
