// @ts-check
/** What is shown, as words of the address: a link opens the same, and each choice can be gone back on. */

import * as host from './host.js';
import {MOST_GROUPS} from './views/folds.js';
import {FORMS} from './views/histograms.js';
import {VIEWS} from './views/timeline.js';

/**
 * @typedef {{first: number, last: number} | null} Range
 * @typedef {{view: string, flow: string | null, choice: import('./views/timeline.js').Choice | null, row: string | null, range: Range,
 *   log: boolean, rowFilter: string, groups: string[], step: number | null, everything: boolean, logLoss: boolean, form: string, category: string | null,
 *   page: string, sort: string, filter: string, compare: string[], preflight: boolean | null}} Shown `log`: whether the steps stand on a logarithmic axis;
 *   `rowFilter` of the heat map's rows, `groups` of them that the reader opened and closed; `step` of the gradient flow, null = the last,
 *   `everything`: whether biases stand in it; `logLoss`: whether losses stand on a logarithmic scale; `form` of the histograms; `filter` of the table of runs;
 *   `preflight`: whether it is unfolded, null = as it is unless the reader chooses
 */

/** One run, the table of all, a few of them side by side; the first one unless another is chosen. */
export const PAGES = [['run', 'One run'], ['runs', 'All runs'], ['compare', 'Side by side']];

/** By what the table of runs is sorted unless the reader chooses. */
const SORT = 'run';

const PAUSE_MILLISECONDS = 1000;

/** What is changed little by little: that is one choice. @type {(keyof Shown)[]} */
const GRADUAL = ['range', 'rowFilter', 'step'];

const LONGEST_FILTER = 500;

/** Runs that an address may name: more than stand side by side, so that the page can say so. */
const MOST_NAMED = 100;

/** @param {Record<string, string>} words @returns {Shown} */
export function shownBy(words) {
  return {
    view: VIEWS.find(({name}) => name === words.view)?.name ?? VIEWS[0].name,
    flow: words.flow ?? null,
    choice: words.statistic ? {table: words.table ?? 'variables', statistic: words.statistic} : null,
    row: words.row ?? null,
    range: rangeOf(words.steps),
    log: words.axis === 'log',
    rowFilter: (words.rows ?? '').slice(0, LONGEST_FILTER),
    groups: namesOf(words.groups, MOST_GROUPS),
    step: /^\d{1,15}$/.test(words.step ?? '') ? Number(words.step) : null,
    everything: words.all === 'yes',
    logLoss: words.loss === 'log',
    form: FORMS.find(({name}) => name === words.histograms)?.name ?? FORMS[0].name,
    category: words.category ?? null,
    page: (PAGES.find(([name]) => name === words.page) ?? PAGES[0])[0],
    sort: words.sort ?? SORT,
    filter: words.filter ?? '',
    compare: namesOf(words.compare, MOST_NAMED),
    preflight: words.preflight === 'open' ? true : words.preflight === 'closed' ? false : null,
  };
}

/** @param {Shown} state @returns {Shown} what the address holds of it */
export const shownIn = ({view, flow, choice, row, range, log, rowFilter, groups, step, everything, logLoss, form, category, page, sort, filter, compare, preflight}) =>
  ({view, flow, choice, row, range, log, rowFilter, groups, step, everything, logLoss, form, category, page, sort, filter, compare, preflight});

/** @param {Shown & {run: string | null}} shown @returns {Record<string, string | null>} null = left out */
export function wordsOf({run, view, flow, choice, row, range, page, sort, filter, compare, preflight, ...others}) {
  return {
    run,
    view: view === VIEWS[0].name ? null : view,
    flow,
    table: choice?.table ?? null,
    statistic: choice?.statistic ?? null,
    row,
    steps: range ? `${range.first}-${range.last}` : null,
    ...detailsOf(others),
    page: page === PAGES[0][0] ? null : page,
    sort: sort === SORT ? null : sort,
    filter: filter || null,
    compare: compare.length ? JSON.stringify(compare) : null,
    preflight: preflight === null ? null : preflight ? 'open' : 'closed',
  };
}

/** @param {Pick<Shown, 'log' | 'rowFilter' | 'groups' | 'step' | 'everything' | 'logLoss' | 'form' | 'category'>} shown @returns {Record<string, string | null>} */
const detailsOf = ({log, rowFilter, groups, step, everything, logLoss, form, category}) => ({
  axis: log ? 'log' : null,
  rows: rowFilter || null,
  groups: groups.length ? JSON.stringify(groups) : null,
  step: step === null ? null : String(step),
  all: everything ? 'yes' : null,
  loss: logLoss ? 'log' : null,
  histograms: form === FORMS[0].name ? null : form,
  category,
});

/** @param {Shown & {run: string | null}} one @param {Shown & {run: string | null}} other */
export const same = (one, other) => JSON.stringify(wordsOf(one)) === JSON.stringify(wordsOf(other));

/** Keeps what is shown in TensorBoard's address bar: what the reader chose as something to go back on. */
export class Trail {
  constructor() {
    this.isNews = false;
    /** What was changed little by little, and when: keys that are held are one choice. @type {{name: string | undefined, when: number}} */
    this.gradual = {name: undefined, when: -Infinity};
  }

  /** @param {object} changes what the reader chose */
  note(changes) {
    const now = performance.now();
    const name = Object.keys(changes).length === 1 ? GRADUAL.find((key) => key in changes) : undefined;
    const held = name !== undefined && name === this.gradual.name && now - this.gradual.when < PAUSE_MILLISECONDS;
    this.gradual = {name, when: now};
    this.isNews ||= !held;
  }

  /** @param {Shown & {run: string | null}} shown */
  write(shown) {
    host.writeAddress(wordsOf(shown), this.isNews);
    this.isNews = false;
  }
}

/** @param {string | undefined} text "100-200" @returns {Range} */
function rangeOf(text) {
  const [, first, last] = /^(\d{1,15})-(\d{1,15})$/.exec(text ?? '') ?? [];
  return last && Number(last) > Number(first) ? {first: Number(first), last: Number(last)} : null;
}

/** @param {string | undefined} text a JSON list of names: they may hold any separator @param {number} most @returns {string[]} */
function namesOf(text, most) {
  try {
    const names = JSON.parse(text ?? '[]');
    return Array.isArray(names) ? [...new Set(names.filter((name) => typeof name === 'string'))].slice(0, most) : [];
  } catch {
    return [];
  }
}
