// @ts-check
/** All statistics of a layer or a tensor of the batch, in groups that open and close: a chart for each, over the shared steps. */

import {chevron, h} from '../dom.js';
import {words} from '../format.js';
import {kindOf} from '../scale.js';
import {heightFor, holds} from './charts.js';
import {Strip, drawSteps, resize} from './strip.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import('./charts.js').Source} Source
 * @typedef {import('./strip.js').Chart} Chart
 * @typedef {{table: string, title: string, names: RegExp, drop: string}} Group statistics by how their names begin
 */

const HEIGHT = 64;

/** @type {Group[]} */
const GROUPS = [
  {table: 'variables', title: 'Values', names: /^value_/, drop: 'value_'},
  {table: 'variables', title: 'Gradients', names: /^gradient_/, drop: 'gradient_'},
  {table: 'variables', title: 'Updates', names: /^update_/, drop: 'update_'},
  {table: 'activations', title: 'Outputs', names: /^(?!output_gradient_)/, drop: 'activation_'},
  {table: 'activations', title: 'Gradients into outputs', names: /^output_gradient_/, drop: 'output_gradient_'},
  {table: 'data', title: 'The tensor', names: /^/, drop: 'data_'},
];

/** @param {Json} facts @param {Group} group @param {Source[]} sources @returns {Chart[]} one for each statistic that was measured */
function chartsOf(facts, {table, names, drop}, sources) {
  const own = sources.filter((source) => source.table === table);
  return (facts.tables[table]?.columns ?? []).flatMap((/** @type {Json} */ {name, unit, meaning}, /** @type {number} */ row) => {
    const lines = names.test(name) ? own.filter(({frame}) => holds(frame, row)).map((source) => ({name: source.name, frame: source.frame, row})) : [];
    if (!lines.length) return [];
    const bounds = unit === 'fraction' ? {bounds: /** @type {[number, number]} */ ([0, 1])} : {};
    return [{title: words(name.replace(drop, '')), meaning, unit, log: kindOf(name) === 'log', lines, height: heightFor(lines, HEIGHT), ...bounds}];
  });
}

export class Statistics {
  /** @param {import('./axis.js').StepAxis} axis */
  constructor(axis) {
    this.axis = axis;
    /** @type {{facts: Json, sources: Source[], dark: boolean} | null} */
    this.shown = null;
    this.parts = GROUPS.map((group) => this.part(group));
    this.node = h('section.all', {'aria-label': 'All statistics'}, h('h4', {}, 'All statistics'), this.parts.map(({node}) => node));
  }

  /** @param {Group} group */
  part(group) {
    const names = h('span.dim');
    const [host, steps] = [h('div.strips'), h('canvas.steps', {'aria-hidden': 'true'})];
    const node = h('details.statistics', {ontoggle: () => this.shown && this.update(this.shown)},
      h('summary', {'data-key': `statistics:${group.title}`}, chevron('right', 'down'), h('span.title', {}, group.title), names), host, steps);
    return {group, node, names, host, steps, strips: /** @type {Strip[]} */ ([])};
  }

  /** @param {{facts: Json, sources: Source[], dark: boolean} | null} shown */
  update(shown) {
    this.shown = shown;
    for (const {group, node, names, host, steps, strips} of this.parts) {
      const charts = shown ? chartsOf(shown.facts, group, shown.sources) : [];
      node.hidden = !charts.length;
      names.textContent = charts.map(({title}) => title).join(', ');
      const isOpen = node.open && charts.length > 0;
      resize(strips, isOpen ? charts.length : 0, () => new Strip(this.axis), host);
      if (!isOpen || !shown) continue;
      strips.forEach((strip, index) => strip.update(charts[index], shown.dark));
      drawSteps(steps, strips, this.axis, shown.dark);
    }
    this.node.hidden = this.parts.every(({node}) => node.hidden);
  }
}
