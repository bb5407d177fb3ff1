// @ts-check
/** What can be taken away of a run, as one menu: the report, the scorecard, each chart's data, a picture of what is shown. */

import * as api from '../api.js';
import {h} from '../dom.js';
import {steps, words} from '../format.js';
import {tableOf} from '../places.js';
import {classesOf, relatives, spreadPlace} from './charts.js';
import {flowOf} from './depth.js';
import {title} from './header.js';
import {within} from './shownsteps.js';

/**
 * @typedef {Record<string, any>} Json
 * Something to download: from an address, or made by the page when it is asked for. @typedef {{title: string, form: string, href?: string, make?: () => void}} Item
 * @typedef {{title: string, items: Item[]}} Group
 * @typedef {{run: string | null, page: string, facts: Json | null, choice: import('./timeline.js').Choice | null, flow: string | null,
 *   row: string | null, range: api.Range, compare: string[]}} Shown
 */

/** @param {() => Group[]} groups asked for whenever the menu opens */
export function downloadMenu(groups) {
  const list = h('div.menu-list', {tabIndex: -1});
  const summary = h('summary.button', {'data-key': 'download'}, 'Download');
  const menu = h('details.menu', {
    ontoggle: () => menu.open && list.replaceChildren(...groups().map((group) => section(group, close))),
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== 'Escape' || !menu.open) return;
      close();
      summary.focus();
    },
  }, summary, list);
  menu.addEventListener('focusout', (/** @type {FocusEvent} */ event) => {
    if (!menu.contains(/** @type {Node | null} */ (event.relatedTarget))) close();
  });
  const close = () => (menu.open = false);
  return menu;
}

/** @param {Group} group @param {() => void} close */
const section = ({title, items}, close) => h('div', {role: 'group', 'aria-label': title},
  h('p.menu-title', {'aria-hidden': 'true'}, title),
  items.map((item) => entry(item, close)));

/** @param {Item} item @param {() => void} close */
function entry({title, form, href, make}, close) {
  const content = [h('span.menu-name', {}, title), h('span.dim', {}, form)];
  if (href !== undefined) return h('a.menu-item', {href, download: '', onclick: () => setTimeout(close)}, content);
  return h('button.menu-item', {type: 'button', onclick: () => {
    close();
    make?.();
  }}, content);
}

/** @param {Shown} shown @param {Item[]} pictures of what is shown @returns {Group[]} */
export function downloads(shown, pictures) {
  const {run, page, facts, compare} = shown;
  const views = {title: 'What is shown', items: pictures};
  if (page === 'runs') return [{title: 'The table', items: [{title: 'All runs', form: 'CSV', href: api.runsAddress()}]}, views];
  if (page === 'compare') return [...compare.map((one) => ofRun(one, shown)), views];
  if (run === null) return [views];
  const whole = {title: 'The run', items: [
    {title: 'Report', form: 'HTML', href: api.reportAddress(run)},
    {title: 'Scorecard', form: 'JSON', href: api.downloadAddress(run)},
  ]};
  const flown = facts?.preflight?.rates ? [{title: 'The preflight', items: [{title: 'Loss by learning rate', form: 'CSV', href: api.ratesAddress(run)}]}] : [];
  if (!facts?.training.sampled_steps) return [whole, ...flown, views];
  const range = within(shown.range, facts.training.steps - 1);
  const data = charts(facts, shown).map(({title, query}) => ({title, form: 'CSV', href: api.csvAddress(run, query, range)}));
  return [
    whole,
    {title: `Data of the charts, ${range ? steps(range.first, range.last) : 'all steps'}`, items: data},
    ...flown,
    views,
  ];
}

/** @param {string} run one of those side by side @param {Shown} shown @returns {Group} */
const ofRun = (run, {range}) => ({title: title(run), items: [
  {title: 'Scorecard', form: 'JSON', href: api.downloadAddress(run)},
  {title: 'Training curves', form: 'CSV', href: api.csvAddress(run, {of: 'training'}, range)},
]});

/** @param {Json} facts @param {Shown} shown @returns {{title: string, query: Record<string, string>}[]} */
function charts(facts, {choice, flow, row}) {
  const through = flowOf(facts, flow);
  const spread = row === null || !choice ? [] : ofRow(facts, choice.table, row);
  return [
    {title: 'Training curves', query: {of: 'training'}},
    ...(choice ? [{title: `Layers × steps: ${words(choice.statistic)}`, query: {of: 'statistic', ...choice}}] : []),
    ...(through ? [{title: `Gradient flow: ${words(through.statistic)}`, query: {of: 'statistic', table: through.table, statistic: through.statistic}}] : []),
    ...spread,
  ];
}

/** @param {Json} facts @param {string} shown the table of the heat map @param {string} row @returns {{title: string, query: Record<string, string>}[]} */
function ofRow(facts, shown, row) {
  const table = tableOf(facts, shown, row);
  const {layer, rows} = relatives(facts, table, row);
  const histograms = spreadPlace(facts, rows, row);
  return [
    layer ? {title: `Charts of ${layer.path}`, query: {of: 'layer', layer: layer.path}} : {title: `Charts of ${row}`, query: {of: 'row', table, row}},
    ...(histograms ? [{title: `Histograms of ${histograms.row}`, query: {of: 'histograms', row: histograms.row}}] : []),
    ...classesOf(facts, rows).map((place) => ({title: `Class counts of ${place.row}`, query: {of: 'row', table: place.table, row: place.row}})),
  ];
}
