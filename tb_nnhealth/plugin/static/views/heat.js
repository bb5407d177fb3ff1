// @ts-check
/** The heat map with what belongs to it: the choice of a statistic, the filter of rows, and what the colours mean. */

import {Slot, h} from '../dom.js';
import {plural, words} from '../format.js';
import {scaleFor} from '../scale.js';
import {HeatMap} from './heatmap.js';
import {legend} from './legend.js';
import {readPattern} from './pattern.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import('./timeline.js').Choice} Choice
 * @typedef {import('../matrix.js').Matrix} Matrix
 * @typedef {{facts: Json, choice: Choice, matrix: Matrix | null, rowFilter: string, groups: string[], row: string | null, selected: ReadonlySet<string>,
 *   focus: import('./heatmap.js').Focus | null, states: ReadonlyMap<string, string>, dark: boolean}} Shown
 * @typedef {{choose: (choice: Choice) => void, select: (row: string) => void, filter: (text: string) => void, regroup: (groups: string[], quiet: boolean) => void}} Actions
 */

/** Headings of the tables in the choice of statistics. @type {[string, string][]} */
export const GROUPS = [['variables', 'Variables'], ['activations', 'Layer outputs'], ['data', 'Batch']];

const HINT = 'Choose a row for its charts. Drag across the steps to zoom in; Ctrl and the wheel zoom, Shift and a drag pan, a double click '
  + 'shows all steps. Keys: arrows move the cell, Space opens a group, + and − zoom, Shift and an arrow pan, 0 shows all steps.';

const NOTHING = 'Neither variables, layer outputs nor batches were measured in this run: there are no layers to show. '
  + 'Train with HealthCallback("logs/run1"), without include and exclude: it measures all of them then.';

export class HeatView {
  /** @param {import('./axis.js').StepAxis} axis @param {Actions} actions */
  constructor(axis, actions) {
    this.actions = actions;
    /** @type {Shown | null} */
    this.shown = null;
    this.choiceKey = '';
    /** @type {{of: unknown[], rows: number[] | null}} */
    this.matched = {of: [], rows: null};
    /** @type {{of: unknown[], scale: import('../scale.js').Scale | null}} */
    this.scaled = {of: [], scale: null};
    this.picker = h('select', {id: 'statistic', onchange: () => this.chosen()});
    this.input = h('input', {
      type: 'search', placeholder: 'Filter rows (regex)', 'aria-label': 'Filter rows by a regular expression', 'aria-describedby': 'rows-said',
      spellcheck: false, autocomplete: 'off', maxLength: 500, oninput: () => actions.filter(this.input.value),
    });
    this.said = h('span.dim', {id: 'rows-said', role: 'status'});
    this.map = new HeatMap(axis, actions, (path) => this.rowOf(path));
    const all = (/** @type {boolean} */ open, /** @type {string} */ name) =>
      h('button.link', {type: 'button', onclick: () => this.map.toggleAll(open)}, name);
    this.folds = h('span.folds', {}, all(true, 'Expand all'), all(false, 'Collapse all'));
    this.meaning = h('p.meaning');
    const [head, place] = [h('div.toolbar.heat', {}, h('label', {htmlFor: 'statistic'}, 'Statistic'), this.picker, this.input, this.said,
      this.folds), h('div.legend-place')];
    this.legend = new Slot(place);
    this.hint = h('p.hint', {}, HINT);
    this.nothing = h('p.nothing.dim', {}, NOTHING);
    this.unmatched = h('p.nothing.dim', {hidden: true}, 'No row matches the filter. ',
      h('button.link', {type: 'button', onclick: () => actions.filter('')}, 'Show all rows'));
    this.body = h('div', {}, head, this.meaning, place, this.unmatched, this.map.node, this.hint);
    this.node = h('div.heat', {}, this.body, this.nothing);
  }

  chosen() {
    const [table, statistic] = this.picker.value.split('\n');
    this.actions.choose({table, statistic});
  }

  /** @param {string} path of a layer @returns {string | null} its first row in the table shown */
  rowOf(path) {
    if (!this.shown) return null;
    const {facts, choice: {table}} = this.shown;
    const layer = facts.model.layers.find((/** @type {Json} */ other) => other.path === path);
    const own = table === 'activations' ? layer?.rows : layer?.variables;
    return own?.find((/** @type {string} */ row) => facts.tables[table].rows.includes(row)) ?? null;
  }

  /** @param {Shown} shown */
  update(shown) {
    this.shown = shown;
    const {facts, choice, matrix, rowFilter, groups, row, selected, focus, states, dark} = shown;
    const rows = facts.tables[choice.table]?.rows ?? [];
    this.updatePicker(facts, choice);
    this.body.hidden = !rows.length;
    this.nothing.hidden = rows.length > 0;
    if (!rows.length) return;
    const matched = this.match(rows, rowFilter);
    const isHere = matrix && matrix.rows === rows.length && matrix.asked.table === choice.table && matrix.asked.statistic === choice.statistic;
    const frame = isHere ? matrix : null;
    const scale = this.scale(facts, choice, column(facts, choice)?.unit ?? '', frame);
    this.map.node.hidden = !matched.length;
    this.unmatched.hidden = matched.length > 0;
    this.hint.hidden = Boolean(row) || !matched.length;
    this.map.update({frame, rows, shown: matched, statistic: choice.statistic, scale, dark, selected, focus, states, groups});
    this.folds.hidden = this.map.tree.every(({children}) => !children.length);
    const hasBad = (frame?.planes.length ?? 0) > 2;
    this.legend.show([scale, dark, hasBad], () => legend(scale, dark, hasBad));
  }

  /** @param {string[]} rows @param {string} filter @returns {number[]} the rows that match it, by their number; all where it is not a regular expression */
  match(rows, filter) {
    if (this.input.value !== filter) this.input.value = filter;
    if (this.matched.rows && this.matched.of[0] === rows && this.matched.of[1] === filter) return this.matched.rows;
    const {pattern, fault} = readPattern(filter);
    const every = rows.map((_, index) => index);
    const matching = pattern ? every.filter((index) => pattern.test(rows[index])) : every;
    this.input.setAttribute('aria-invalid', String(!pattern));
    this.said.textContent = fault ? fault : !filter ? '' : `${matching.length} of ${plural(rows.length, 'row')}`;
    this.matched = {of: [rows, filter], rows: matching};
    return matching;
  }

  /** @param {Json} facts @param {Choice} choice @param {string} unit @param {Matrix | null} frame @returns {import('../scale.js').Scale} the same until one of them changes */
  scale(facts, {statistic}, unit, frame) {
    const inputs = [facts, statistic, frame];
    if (!this.scaled.scale || inputs.some((input, index) => input !== this.scaled.of[index])) {
      this.scaled = {of: inputs, scale: scaleFor(statistic, unit, frame ? [frame.extent] : [], facts.bands[statistic] ?? null)};
    }
    return /** @type {import('../scale.js').Scale} */ (this.scaled.scale);
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
}

/** @param {Json} facts @param {Choice} choice */
const column = (facts, {table, statistic}) =>
  facts.tables[table]?.columns.find((/** @type {Json} */ other) => other.name === statistic);
