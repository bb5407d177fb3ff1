// @ts-check
/** The right half: the whole run, then the view that is chosen and the chosen layer's charts over one range of steps. */

import {h} from '../dom.js';
import {steps, words} from '../format.js';
import {fileName, picture, save} from '../picture.js';
import {colour, legendTicks, scaleFor} from '../scale.js';
import {StepAxis} from './axis.js';
import {fit} from './canvas.js';
import {CurvesView} from './curves.js';
import {flowOf} from './depth.js';
import {FlowView} from './flow.js';
import {title} from './header.js';
import {HeatMap} from './heatmap.js';
import {LayerPanel} from './layer.js';
import {Overview} from './overview.js';
import {Tabs} from './tabs.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import('../api.js').Frame} Frame
 * @typedef {{table: string, statistic: string}} Choice
 * @typedef {{facts: Json, card: Json, view: string, choice: Choice, flow: string | null, range: {first: number, last: number} | null,
 *   matrix: Frame | null, depth: import('./depth.js').FlowFrame | null, overview: Frame | null, loss: Frame | null, row: string | null, selected: ReadonlySet<string>, related: ReturnType<typeof import('./charts.js').relatives>,
 *   sources: import('./charts.js').Source[], spreads: import('./distribution.js').Spread[],
 *   classes: import('./charts.js').Source[], focus: import('./heatmap.js').Focus | null, states: ReadonlyMap<string, string>, dark: boolean}} Shown
 * @typedef {{view: (name: string) => void, choose: (choice: Choice) => void, flow: (statistic: string) => void, select: (row: string | null) => void,
 *   zoom: (range: {first: number, last: number} | null) => void, open: (finding: Json) => void}} Actions
 */

/** What the right half can show below the whole run; the first one unless another is chosen. */
export const VIEWS = [
  {name: 'heatmap', title: 'Layers × steps'},
  {name: 'flow', title: 'Gradient flow'},
  {name: 'curves', title: 'Training curves'},
];

/** Headings of the heat map's tables in the choice of statistics. @type {[string, string][]} */
const GROUPS = [['variables', 'Variables'], ['activations', 'Layer outputs'], ['data', 'Batch']];

export class Timeline {
  /** @param {Actions} actions */
  constructor(actions) {
    this.actions = actions;
    this.axis = new StepAxis();
    this.axis.onzoom = actions.zoom;
    this.overview = new Overview(this.axis, actions);
    this.curves = new CurvesView(this.axis);
    this.heatmap = new HeatMap(this.axis, (row) => actions.select(row));
    this.flow = new FlowView(this.axis, {choose: actions.flow, select: (row) => actions.select(row)});
    this.tabs = new Tabs('View', VIEWS, 'view', actions.view);
    this.layer = new LayerPanel(this.axis, (row) => actions.select(row));
    this.choiceKey = '';
    this.picker = h('select', {id: 'statistic', onchange: () => this.chosen()});
    this.meaning = h('p.meaning');
    this.legend = h('div.scale');
    this.zoomed = h('div.zoomed', {hidden: true});
    this.hint = h('p.hint', {}, 'Choose a row for its charts. Drag across the steps to zoom in, double-click to zoom out.');
    this.empty = h('p.dim', {}, 'No step was sampled yet: the charts begin with the first one.');
    this.heatHead = h('div.toolbar.heat', {}, h('label', {htmlFor: 'statistic'}, 'Statistic'), this.picker, this.legend);
    this.heat = h('div', {}, this.heatHead, this.meaning, this.heatmap.node, this.hint);
    this.panel = h('div.view', {id: 'view', role: 'tabpanel'}, this.heat, this.flow.node, this.curves.node);
    this.node = h('section.timeline.card', {'aria-label': 'Timeline'},
      h('div.toolbar', {}, h('h2', {}, 'Timeline'), this.zoomed),
      this.empty, this.overview.node, this.tabs.node, this.panel, this.layer.node);
  }

  chosen() {
    const [table, statistic] = this.picker.value.split('\n');
    this.actions.choose({table, statistic});
  }

  /** @param {Shown} shown */
  update(shown) {
    const {facts, range} = shown;
    this.axis.set(range?.first ?? 0, range?.last ?? Math.max(1, facts.training.steps - 1));
    this.updateZoom(range);
    this.updatePicker(facts, shown.choice);
    const {row, related, sources, spreads, classes, card, overview, dark} = shown;
    this.overview.update({facts, card, frame: overview, range, dark});
    this.updateView(shown);
    const {layer, rows: places} = related;
    this.layer.update(row === null ? null : {facts, row, layer, places, sources, spreads, classes, dark});
  }

  /** @param {Shown} shown */
  updateView(shown) {
    const {facts, view, flow, depth, loss, range, selected, dark} = shown;
    const nothing = !facts.training.sampled_steps;
    this.empty.hidden = !nothing;
    this.tabs.node.hidden = this.panel.hidden = nothing;
    this.tabs.update(view);
    this.panel.setAttribute('aria-labelledby', `tab-${view}`);
    this.heat.hidden = view !== 'heatmap';
    this.flow.node.hidden = view !== 'flow';
    this.curves.node.hidden = view !== 'curves';
    if (view === 'heatmap') this.updateHeatMap(shown);
    if (view === 'flow') this.flow.update({facts, flow: flowOf(facts, flow), frame: depth, range, selected, dark});
    if (view === 'curves') this.curves.update({facts, frame: loss, dark});
  }

  /** Saves a picture of what is shown. @param {{run: string | null, view: string, range: import('../api.js').Range}} shown */
  async save({run, view, range}) {
    const name = title(run ?? '');
    const told = [name, VIEWS.find((other) => other.name === view)?.title, range ? steps(range.first, range.last) : ''];
    save(await picture(this.node, told.filter(Boolean).join(' · ')), `${fileName(name)}.${view}.png`);
  }

  /** @param {{first: number, last: number} | null} range */
  updateZoom(range) {
    this.zoomed.hidden = !range;
    if (!range) return;
    const button = h('button', {type: 'button', onclick: () => this.actions.zoom(null)}, 'Show all steps');
    this.zoomed.replaceChildren(h('span', {}, steps(range.first, range.last)), button);
  }

  /** @param {Json} facts @param {Choice} choice */
  updatePicker(facts, choice) {
    const groups = GROUPS.filter(([table]) => facts.tables[table]);
    const key = JSON.stringify(groups.map(([table]) => facts.tables[table].columns));
    if (key !== this.choiceKey) {
      this.choiceKey = key;
      this.picker.replaceChildren(...groups.map(([table, heading]) =>
        h('optgroup', {label: heading}, facts.tables[table].columns.map((/** @type {Json} */ column) =>
          h('option', {value: `${table}\n${column.name}`, disabled: !column.measured},
            words(column.name) + (column.measured ? '' : ' (not measured)'))))));
    }
    this.picker.value = `${choice.table}\n${choice.statistic}`;
    this.picker.disabled = !groups.length;
    this.meaning.textContent = column(facts, choice)?.meaning ?? '';
  }

  /** @param {Shown} shown */
  updateHeatMap({facts, choice, matrix, dark, row, selected, focus, states}) {
    const rows = facts.tables[choice.table]?.rows ?? [];
    const unit = column(facts, choice)?.unit ?? '';
    const fits = matrix && matrix.rows === rows.length ? matrix : null;
    const scale = scaleFor(choice.statistic, unit, fits?.planes[0] ?? new Float32Array());
    for (const part of [this.heatHead, this.meaning, this.heatmap.node]) part.hidden = !rows.length;
    this.hint.hidden = !rows.length || Boolean(row);
    this.heatmap.update({frame: fits, rows, statistic: choice.statistic, scale, dark, selected, focus, states});
    this.legend.replaceChildren(...legend(scale, dark));
  }
}

/** @param {Json} facts @param {Choice} choice */
const column = (facts, {table, statistic}) =>
  facts.tables[table]?.columns.find((/** @type {Json} */ other) => other.name === statistic);

/** @param {import('../scale.js').Scale} scale @param {boolean} dark */
function legend(scale, dark) {
  const bar = h('canvas', {'aria-hidden': 'true'});
  const width = 200;
  const context = fit(bar, width, 10);
  for (let x = 0; x < width; x++) {
    context.fillStyle = `rgb(${colour(scale.kind, x / (width - 1), dark).join(' ')})`;
    context.fillRect(x, 0, 1.5, 10);
  }
  const labels = legendTicks(scale).map(({at, label}) => h('span', {style: `left: ${100 * at}%`}, label));
  return [
    h('div.bar', {}, bar, h('div.ticks', {}, labels)),
    h('span.key', {}, h('i.hatched'), 'not measured'),
  ];
}
