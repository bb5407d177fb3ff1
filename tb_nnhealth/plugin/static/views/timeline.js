// @ts-check
/** The right half: loss, heat map and the chosen layer's charts, over one axis of steps. */

import {h} from '../dom.js';
import {short, steps, words} from '../format.js';
import {colour, legendTicks, scaleFor} from '../scale.js';
import {StepAxis} from './axis.js';
import {lossChart, rowCharts} from './charts.js';
import {fit} from './canvas.js';
import {Distribution} from './distribution.js';
import {HeatMap} from './heatmap.js';
import {Strip} from './strip.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import('../api.js').Frame} Frame
 * @typedef {{table: string, statistic: string}} Choice
 * @typedef {{facts: Json, choice: Choice, range: {first: number, last: number} | null, matrix: Frame | null, loss: Frame | null,
 *   row: string | null, selected: ReadonlySet<string>, layer: Json | null, sources: import('./charts.js').Source[],
 *   spreads: import('./distribution.js').Spread[], focus: import('./heatmap.js').Focus | null,
 *   states: ReadonlyMap<string, string>, dark: boolean}} Shown
 * @typedef {{choose: (choice: Choice) => void, select: (row: string | null) => void,
 *   zoom: (range: {first: number, last: number} | null) => void}} Actions
 */

/** Headings of the heat map's tables in the choice of statistics. @type {[string, string][]} */
const GROUPS = [['variables', 'Variables'], ['activations', 'Layer outputs'], ['data', 'Batch']];

export class Timeline {
  /** @param {Actions} actions */
  constructor(actions) {
    this.actions = actions;
    this.axis = new StepAxis();
    this.axis.onzoom = actions.zoom;
    this.loss = new Strip(this.axis);
    this.heatmap = new HeatMap(this.axis, (row) => actions.select(row));
    /** @type {Strip[]} */
    this.strips = [];
    /** @type {Distribution[]} */
    this.spreads = [];
    this.choiceKey = '';
    this.picker = h('select', {id: 'statistic', onchange: () => this.chosen()});
    this.meaning = h('p.meaning');
    this.legend = h('div.scale');
    this.zoomed = h('div.zoomed', {hidden: true});
    this.lossPanel = h('div.panel', {}, this.loss.node);
    this.layerHead = h('div.layer-head');
    this.layerStrips = h('div.strips');
    this.layerSpreads = h('div.strips');
    this.layerPanel = h('section.layer', {'aria-label': 'Charts of the chosen row', hidden: true}, this.layerHead, this.layerStrips, this.layerSpreads);
    this.hint = h('p.hint', {}, 'Choose a row for its charts. Drag across the steps to zoom in, double-click to zoom out.');
    this.empty = h('p.dim', {}, 'No step was sampled yet: the charts begin with the first one.');
    this.heatHead = h('div.toolbar.heat', {}, h('label', {htmlFor: 'statistic'}, 'Layers × steps'), this.picker, this.legend);
    this.node = h('section.timeline.card', {'aria-label': 'Timeline'},
      h('div.toolbar', {}, h('h2', {}, 'Timeline'), this.zoomed),
      this.empty, this.lossPanel, this.heatHead,
      this.meaning, this.heatmap.node, this.hint, this.layerPanel);
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
    this.updateLoss(shown);
    this.updateHeatMap(shown);
    this.updateLayer(shown);
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
  updateLoss({facts, loss, dark}) {
    this.lossPanel.hidden = !loss || !facts.tables.steps;
    if (loss && facts.tables.steps) this.loss.update(lossChart(facts, loss), dark);
  }

  /** @param {Shown} shown */
  updateHeatMap({facts, choice, matrix, dark, row, selected, focus, states}) {
    const rows = facts.tables[choice.table]?.rows ?? [];
    const unit = column(facts, choice)?.unit ?? '';
    const fits = matrix && matrix.rows === rows.length ? matrix : null;
    const scale = scaleFor(choice.statistic, unit, fits?.planes[0] ?? new Float32Array());
    const nothing = !facts.training.sampled_steps;
    this.empty.hidden = !nothing;
    for (const part of [this.heatHead, this.meaning, this.heatmap.node]) part.hidden = nothing || !rows.length;
    this.hint.hidden = !rows.length || Boolean(row);
    this.heatmap.update({frame: fits, rows, statistic: choice.statistic, scale, dark, selected, focus, states});
    this.legend.replaceChildren(...legend(scale, dark));
  }

  /** @param {Shown} shown */
  updateLayer({facts, row, layer, sources, spreads, dark}) {
    this.layerPanel.hidden = !row;
    const charts = row ? rowCharts(facts, sources) : [];
    resize(this.strips, charts.length, () => new Strip(this.axis), this.layerStrips);
    charts.forEach((chart, index) => this.strips[index].update(chart, dark));
    resize(this.spreads, row ? spreads.length : 0, () => new Distribution(this.axis), this.layerSpreads);
    this.spreads.forEach((spread, index) => spread.update(spreads[index]));
    if (row) this.layerHead.replaceChildren(...head(row, layer, () => this.actions.select(null)));
  }
}

/**
 * Brings a list of parts to a length, with their nodes.
 * @template {{node: HTMLElement, destroy: () => void}} Part
 * @param {Part[]} parts @param {number} length @param {() => Part} make @param {HTMLElement} host
 */
function resize(parts, length, make, host) {
  for (const part of parts.splice(length)) {
    part.node.remove();
    part.destroy();
  }
  while (parts.length < length) {
    const part = make();
    parts.push(part);
    host.append(part.node);
  }
}

/** @param {Json} facts @param {Choice} choice */
const column = (facts, {table, statistic}) =>
  facts.tables[table]?.columns.find((/** @type {Json} */ other) => other.name === statistic);

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
