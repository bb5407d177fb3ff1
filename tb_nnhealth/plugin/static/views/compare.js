// @ts-check
/** A few runs side by side: their verdicts, what changed from one to the others, and the same chart of all. */

import {Slot, h, icon} from '../dom.js';
import {number, short, whole, words} from '../format.js';
import {StepAxis} from './axis.js';
import {changes, swatch} from './changes.js';
import {Choices, SPACINGS} from './choices.js';
import {title} from './header.js';
import {GROUPS} from './heat.js';
import {kindOf} from '../scale.js';
import {overlay} from './overlay.js';
import {Reading} from './reading.js';
import {breakable, namesApart} from './runname.js';
import {MOST_COMPARED} from './runs.js';
import {tellSteps, within} from './shownsteps.js';
import {Strip, drawSteps} from './strip.js';
import {samples} from './verdict.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import('../sweep.js').Read} Read
 * @typedef {{run: string, facts: Json, frame: import('../api.js').Frame}} Series
 * @typedef {{read: Read[], base: string | null, table: string, statistic: string, row: string | null, losses: Series[], charts: Series[], diffs: Json[],
 *   runs: string[], compare: string[], range: import('../api.js').Range, log: boolean, logLoss: boolean, dark: boolean}} Shown
 * @typedef {{open: (run: string) => void, wander: (changes: object, quiet?: boolean) => void}} Actions
 */

const HEIGHT = 220;

const HINT = 'Drag across the steps to zoom in, double-click to zoom out. Keys: arrows read the charts, + and − zoom, Shift and an arrow pan, '
  + '0 shows all steps.';

/** @param {Read[]} read @param {string} table @returns {string[]} the rows that any of the runs has, the first run's first */
export const rowsOf = (read, table) => [...new Set(read.flatMap(({facts}) => facts?.tables[table]?.rows ?? []))];

/** @param {string[]} compare @param {string[]} runs that there are @returns {string[]} those that stand side by side: the first that there are */
export const standing = (compare, runs) => compare.filter((run) => runs.includes(run)).slice(0, MOST_COMPARED);

export class Compare {
  /** @param {Actions} actions */
  constructor(actions) {
    this.actions = actions;
    this.axis = new StepAxis();
    this.axis.onzoom = (range) => actions.wander({range});
    this.strips = [new Strip(this.axis), new Strip(this.axis)];
    const [verdicts, changed, pickers, message] = ['div', 'div', 'div.toolbar', 'div'].map((tag) => h(tag));
    this.slots = {verdicts: new Slot(verdicts), changes: new Slot(changed), pickers: new Slot(pickers), message: new Slot(message)};
    const zoomed = h('div');
    this.zoomed = new Slot(zoomed);
    this.spacing = new Choices('Steps', SPACINGS, (name) => actions.wander({log: name === 'log'}));
    const toggle = h('input', {type: 'checkbox', onchange: () => actions.wander({logLoss: toggle.checked})});
    this.toggle = toggle;
    const strips = h('div', {}, this.strips[0].node, pickers, this.strips[1].node);
    this.absent = h('p.dim');
    this.steps = h('canvas.steps', {'aria-hidden': 'true'});
    this.charts = h('section.overlay.card', {'aria-label': 'Charts of the runs'},
      h('div.toolbar', {}, h('h2', {}, 'The same chart of each run'), h('span.space'), zoomed, this.spacing.node),
      h('div.toolbar', {}, h('label.check', {}, toggle, 'losses on a logarithmic scale')),
      new Reading(this.axis, () => this.strips, strips).node, this.steps, this.absent, h('p.hint', {}, HINT));
    this.parts = h('div.compared', {}, h('h1.unseen', {}, 'Runs side by side'), verdicts, this.charts, changed);
    this.node = h('div', {}, message, this.parts);
  }

  /** @param {Partial<Shown> & Pick<Shown, 'runs' | 'compare' | 'range' | 'dark'>} shown */
  update(shown) {
    const {compare, runs, read = [], base = null, diffs = []} = shown;
    const shownRuns = standing(compare, runs);
    const there = read.filter(({run}) => shownRuns.includes(run));
    this.slots.message.show([compare.join('\n'), runs.join('\n')], () => this.message(compare, runs));
    this.parts.hidden = compare.length < 2 || !there.length;
    if (this.parts.hidden) return;
    const places = new Map(shownRuns.map((run, index) => [run, index]));
    this.slots.verdicts.show([compare.join('\n'), ...there], () => this.verdicts(there, places, compare));
    this.slots.changes.show([base, ...there, ...diffs], () => changes(there.filter(({card}) => card), diffs, places, (run) => this.rebase(compare, run)));
    this.drawCharts(/** @type {Shown} */ (shown), there, places);
  }

  /** @param {string[]} compare @param {string[]} runs */
  message(compare, runs) {
    if (compare.length < 2) {
      return h('section.card.notice', {}, h('h1', {}, 'No runs to compare yet'),
        h('p', {}, 'Tick two or more runs in the table of all runs, then choose “Side by side”.'),
        h('button', {type: 'button', onclick: () => this.actions.wander({page: 'runs'})}, 'All runs'));
    }
    const shownRuns = standing(compare, runs);
    const [gone, rest] = [false, true].map((isHere) =>
      compare.filter((run) => runs.includes(run) === isHere && !shownRuns.includes(run)).map(title).join(', '));
    const told = [
      gone ? `Not among TensorBoard’s runs: ${gone}.` : '',
      rest ? `At most ${MOST_COMPARED} runs stand side by side, and the link names ${compare.length}: left out ${rest}.` : '',
    ].filter(Boolean);
    return told.length ? h('p.sentence.stale.card', {role: 'alert'}, icon('warning'), h('span', {}, told.join(' '))) : null;
  }

  /** @param {string[]} compare @param {string} run that the others are compared with from now on */
  rebase(compare, run) {
    this.actions.wander({compare: [run, ...compare.filter((other) => other !== run)]});
  }

  /** @param {Read[]} read @param {Map<string, number>} places @param {string[]} compare */
  verdicts(read, places, compare) {
    const names = namesApart([...places.keys()]);
    const categories = [...new Set(read.flatMap(({facts}) => facts?.verdict.categories.map((/** @type {Json} */ category) => category.name) ?? []))];
    /** @param {string} name @param {(one: {facts: Json, card: Json}) => any} cell @param {string} [tag] */
    const line = (name, cell, tag = 'tr') => h(tag, {}, h('th', {scope: 'row'}, name),
      read.map(({facts, card}) => h('td', {}, facts && card ? cell({facts, card}) : null)));
    return h('section.verdicts.card', {'aria-label': 'Verdicts', tabIndex: 0}, h('table', {style: `--runs: ${read.length}`},
      h('thead', {}, h('tr', {}, h('th.corner', {scope: 'col'}, h('span.unseen', {}, 'What')),
        read.map(({run}) => this.head(run, names.get(run) ?? '', places.get(run) ?? 0, compare)))),
      h('tbody', {},
        h('tr.says', {}, h('th', {scope: 'row'}, 'Verdict'), read.map(says)),
        categories.map((/** @type {string} */ name) => line(words(name), ({facts}) => tile(facts.verdict, name), 'tr.tiles')),
        line('Steps', ({facts}) => [whole(facts.training.steps), facts.training.untrained ? h('span.thinned', {}, ' · preflight only') : null, facts.training.thinned ? h('span.thinned', {}, ` · thinned, ${samples(facts.training)}`) : null]),
        line('Optimizer', ({facts}) => optimizer(facts)),
        line('Model', ({facts}) => `${facts.model.name} · ${short(facts.model.parameters)} parameters`))));
  }

  /** @param {string} run @param {string} name @param {number} place @param {string[]} compare */
  head(run, name, place, compare) {
    return h('th', {scope: 'col'}, h('div.run-head', {}, swatch(place),
      h('button.run-name', {
        type: 'button', title: `Open ${title(run)}`, 'aria-label': title(run), 'data-key': `open:${run}`, onclick: () => this.actions.open(run),
      }, breakable(name)),
      h('button.quiet.remove', {
        type: 'button', 'aria-label': `Take ${title(run)} away`, title: 'Take away', 'data-key': `away:${run}`,
        onclick: () => this.actions.wander({compare: compare.filter((other) => other !== run)}),
      }, '×')));
  }

  /** @param {Shown} shown @param {Read[]} there @param {Map<string, number>} places */
  drawCharts(shown, there, places) {
    const {table, statistic, row, losses = [], charts = [], range, log, logLoss, dark} = shown;
    this.toggle.checked = logLoss;
    const sound = there.filter(({facts}) => facts);
    const apart = namesApart([...places.keys()]);
    const longest = Math.max(1, ...sound.map(({facts}) => /** @type {Json} */ (facts).training.steps - 1));
    this.axis.set(within(range, longest), longest, log);
    this.spacing.update(log ? 'log' : 'linear');
    tellSteps(this.zoomed, range, longest, () => this.actions.wander({range: null}));
    this.slots.pickers.show([table, statistic, row, ...sound], () => this.pickers(sound, {table, statistic}, row));
    /** @param {Series[]} parts */
    const named = (parts) => parts.filter(({run}) => places.has(run)).map(({run, ...part}) =>
      ({...part, name: apart.get(run) ?? '', whole: title(run), colour: places.get(run) ?? 0}));
    const height = {height: HEIGHT};
    this.strips[0].update(overlay('Loss', named(losses), {table: 'steps', statistic: 'loss'}, {...height, log: logLoss, unit: ''}), dark);
    const unit = column(sound, {table, statistic})?.unit ?? '';
    const look = {...height, log: kindOf(statistic ?? '') === 'log', unit};
    const chart = overlay(words(statistic ?? ''), named(charts), {table, statistic}, look);
    this.strips[1].update(chart, dark);
    const lacking = shown.charts && row ? sound.length - chart.lines.length : 0;
    this.absent.textContent = lacking ? `${lacking} of the runs ${lacking === 1 ? 'has' : 'have'} no ${words(statistic)} of ${row}.` : '';
    drawSteps(this.steps, this.strips, this.axis, dark);
  }

  /** @param {Read[]} read @param {{table: string, statistic: string}} choice @param {string | null} row */
  pickers(read, choice, row) {
    const statistics = h('select', {id: 'compared-statistic', 'data-key': 'statistic', onchange: () => {
      const [table, statistic] = statistics.value.split('\n');
      this.actions.wander({choice: {table, statistic}, row});
    }}, GROUPS.map(([table, heading]) => {
      const columns = new Set(read.flatMap(({facts}) => (facts?.tables[table]?.columns ?? [])
        .filter((/** @type {Json} */ one) => one.measured).map((/** @type {Json} */ one) => one.name)));
      return columns.size ? h('optgroup', {label: heading}, [...columns].map((name) => h('option', {value: `${table}\n${name}`}, words(name)))) : null;
    }));
    statistics.value = `${choice.table}\n${choice.statistic}`;
    const rows = h('select', {id: 'compared-row', 'data-key': 'row', onchange: () => this.actions.wander({choice, row: rows.value})},
      rowsOf(read, choice.table).map((name) => h('option', {value: name, selected: name === row}, name)));
    return h('div.pickers', {}, h('label', {htmlFor: 'compared-statistic'}, 'Statistic'), statistics, h('label', {htmlFor: 'compared-row'}, 'of'), rows);
  }
}

/** @param {Read} read */
function says({facts, card, error}) {
  if (!facts || !card) return h('td', {}, h('p.sentence', {}, icon('warning'), h('span', {}, error)));
  const {state, sentence} = facts.verdict;
  return h('td', {'data-state': state},
    h('p.score', {}, icon(state), h('b', {}, card.score === null ? '–' : Math.round(card.score)), h('span.dim', {}, card.score === null ? 'no score' : 'of 100')),
    h('p', {}, sentence));
}

/** @param {Json} verdict @param {string} name */
function tile({categories}, name) {
  const category = categories.find((/** @type {Json} */ one) => one.name === name);
  if (!category) return '–';
  const {score, state, word, judged} = category;
  return h('div.tile', {'data-state': state}, icon(state), score === null ? null : h('b', {}, score), h('span', {}, word), h('small', {}, judged));
}

/** @param {Json} facts */
function optimizer({model}) {
  const {class_name: name, learning_rate: rate} = model.compile.optimizer ?? {};
  return name ? [name, rate ? `lr ${number(rate)}` : ''].filter(Boolean).join(' · ') : '–';
}

/** @param {Read[]} read @param {{table: string, statistic: string}} choice @returns {Json | undefined} */
const column = (read, {table, statistic}) => read.map(({facts}) =>
  facts?.tables[table]?.columns.find((/** @type {Json} */ one) => one.name === statistic)).find(Boolean);
