// @ts-check
/** The table of all runs: sorted by any column, filtered by a regular expression, a few chosen to stand side by side. */

import {h, icon} from '../dom.js';
import {plural, words} from '../format.js';
import {readPattern} from './pattern.js';
import {RunRow, sorted} from './runrow.js';
import {title} from './header.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {{rows: ReadonlyMap<string, Json>, pending: number, sort: string, filter: string, compare: string[]}} Shown
 * @typedef {{open: (run: string) => void, compare: () => void, wander: (changes: object, quiet?: boolean) => void}} Actions
 */

/** How many runs stand side by side: as many as there are colours. */
export const MOST_COMPARED = 6;

/** Columns, and whether the first click puts the largest first. @type {[string, string, boolean][]} */
const COLUMNS = [
  ['run', 'Run', false], ['score', 'Score', false], ['state', 'Status', false], ['finding', 'First to mend', false],
  ['steps', 'Steps', true], ['last', 'Last sample', true], ['loss', 'Loss', false],
];

/** What runs in each state are called where they are counted. @type {Record<string, string>} */
const COUNTED = {error: 'with errors', warning: 'with warnings', unread: 'unreadable', no_data: 'not judged', pass: 'healthy'};

/** Rows that Page up and Page down go over. */
const PAGE = 12;

export class RunsTable {
  /** @param {Actions} actions */
  constructor(actions) {
    this.actions = actions;
    /** @type {Shown | null} */
    this.shown = null;
    /** @type {Map<string, RunRow>} */
    this.rows = new Map();
    /** The runs as they stand, from the top. @type {string[]} */
    this.order = [];
    /** The run that the keys move from. @type {string | null} */
    this.current = null;
    /** The run that was opened last. @type {string | null} */
    this.opened = null;
    /** What the last filter that could be read lets through. @type {RegExp | null} */
    this.pattern = null;
    this.filter = h('input', {
      type: 'search', id: 'filter', placeholder: 'lr=0\\.1|never fire', spellcheck: false, autocomplete: 'off', 'aria-describedby': 'filter-said',
      oninput: () => actions.wander({filter: this.filter.value}, true),
    });
    this.said = h('span.filter-said', {id: 'filter-said', role: 'status'});
    this.counts = h('span.counts');
    this.progress = h('progress', {'aria-label': 'Runs judged'});
    this.button = h('button', {type: 'button', onclick: () => actions.compare()});
    this.clear = h('button.quiet', {type: 'button', onclick: () => actions.wander({compare: []})}, 'Clear');
    this.heads = COLUMNS.map(([key, name, largest]) => h(`th.${key}`, {scope: 'col'},
      h('button.sort', {type: 'button', onclick: () => this.sort(key, largest)}, name)));
    this.unmatched = h('p.nothing.dim', {hidden: true}, 'No run matches the filter. ',
      h('button.link', {type: 'button', onclick: () => actions.wander({filter: ''}, true)}, 'Show all runs'));
    this.body = h('tbody', {onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event)});
    this.node = h('section.runs.card', {'aria-label': 'All runs'},
      h('h1.unseen', {}, 'All runs'),
      h('div.toolbar', {}, h('label', {htmlFor: 'filter'}, 'Filter'), this.filter, this.said, this.progress, h('span.space'), this.counts),
      h('div.toolbar.choosing', {},
        h('p.hint', {}, 'Click a run to open it. Arrow keys walk through the runs, Enter opens one, the space bar ticks its box.'),
        h('span.space'), this.clear, this.button),
      this.unmatched,
      h('table', {}, h('thead', {}, h('tr', {}, h('th.chosen', {scope: 'col'}, h('span.unseen', {}, 'Side by side')), this.heads)), this.body));
  }

  /** @param {string} key @param {boolean} largest whether the largest come first at the first click */
  sort(key, largest) {
    const now = this.shown?.sort ?? 'run';
    const flipped = now.startsWith('-') ? key : `-${key}`;
    this.actions.wander({sort: now.replace(/^-/, '') === key ? flipped : largest ? `-${key}` : key});
  }

  /** @param {Shown} shown */
  update(shown) {
    this.shown = shown;
    const {rows, sort, filter, pending} = shown;
    if (this.filter.value !== filter) this.filter.value = filter;
    const fault = this.read(filter);
    const through = sorted([...rows.values()].filter((row) => this.passes(row)), sort);
    this.place(through);
    this.say(fault, filter, through.length);
    this.heads.forEach((head, index) => {
      if (sort.replace(/^-/, '') !== COLUMNS[index][0]) return head.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', sort.startsWith('-') ? 'descending' : 'ascending');
    });
    this.progress.hidden = !pending;
    this.progress.max = Math.max(1, rows.size);
    this.progress.value = rows.size - pending;
    this.counts.replaceChildren(...counts(through));
    this.choose(shown.compare);
  }

  /** Reads the filter; keeps the last one that could be read. @param {string} filter @returns {string} what is wrong with it */
  read(filter) {
    const {pattern, fault} = readPattern(filter);
    this.pattern = pattern ?? this.pattern;
    return fault;
  }

  /** @param {Json} row */
  passes = ({run, finding}) => [title(run), ...(finding ? [finding.title, words(finding.rule)] : [])]
    .some((text) => !this.pattern || this.pattern.test(text));

  /** @param {string} fault @param {string} filter @param {number} count */
  say(fault, filter, count) {
    const total = this.shown?.rows.size ?? 0;
    if (!total) return this.said.replaceChildren('Reading the runs …');
    this.unmatched.hidden = count > 0;
    const told = fault ? fault : filter ? `${count} of ${plural(total, 'run')}` : plural(total, 'run');
    if (this.said.textContent !== told) this.said.textContent = told;
    this.filter.setAttribute('aria-invalid', String(Boolean(fault)));
  }

  /** Brings the rows into their order, moving none that stands right. @param {Json[]} through */
  place(through) {
    const held = this.body.contains(document.activeElement) ? document.activeElement : null;
    this.order = through.map(({run}) => run);
    if (this.current === null || !this.order.includes(this.current)) this.current = this.order[0] ?? null;
    const wanted = new Set(this.order);
    for (const [run, row] of this.rows) {
      if (!wanted.has(run)) row.node.remove();
      if (!this.shown?.rows.has(run)) this.rows.delete(run);
    }
    let next = this.body.firstElementChild;
    for (const run of this.order) {
      const {node} = this.row(run);
      if (node === next) next = next?.nextElementSibling ?? null;
      else this.body.insertBefore(node, next);
    }
    if (held instanceof HTMLElement && held !== document.activeElement && held.isConnected) held.focus({preventScroll: true});
    const compare = this.shown?.compare ?? [];
    for (const row of through) {
      const chosen = compare.includes(row.run);
      this.row(row.run).update(row, {chosen, able: chosen || compare.length < MOST_COMPARED, current: row.run === this.current});
    }
  }

  /** @param {string} run @returns {RunRow} */
  row(run) {
    const known = this.rows.get(run);
    if (known) return known;
    const row = new RunRow(run, {open: (name) => this.open(name), choose: (name, chosen) => this.tick(name, chosen)});
    this.rows.set(run, row);
    return row;
  }

  /** @param {string} run */
  open(run) {
    this.current = this.opened = run;
    this.actions.open(run);
  }

  /** Gives the focus back to the run that was opened. */
  reveal() {
    this.rows.get(this.opened ?? '')?.name.focus();
  }

  /** @param {string} run @param {boolean} chosen */
  tick(run, chosen) {
    this.current = run;
    const others = (this.shown?.compare ?? []).filter((name) => name !== run);
    const compare = chosen ? [...others, run] : others;
    if (this.shown) this.shown = {...this.shown, compare};
    this.actions.wander({compare});
  }

  /** @param {string[]} compare */
  choose(compare) {
    this.button.disabled = compare.length < 2;
    this.button.textContent = compare.length ? `Side by side (${compare.length})` : 'Side by side';
    this.button.title = compare.length < 2 ? `Tick two to ${MOST_COMPARED} runs` : compare.map(title).join('\n');
    this.clear.hidden = !compare.length;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const at = this.order.indexOf(this.current ?? '');
    const last = this.order.length - 1;
    const next = {ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: last, PageDown: at + PAGE, PageUp: at - PAGE}[event.key];
    const row = this.rows.get(this.order[Math.max(0, Math.min(last, next ?? at))]);
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const side = {ArrowLeft: row.check, ArrowRight: row.name}[event.key];
    if (next === undefined && !side) return;
    event.preventDefault();
    const ticking = side ? side === row.check : event.target instanceof HTMLInputElement;
    this.move(row, ticking && !row.check.disabled);
  }

  /** @param {RunRow} row @param {boolean} ticking whether the box takes the focus */
  move(row, ticking) {
    const before = this.rows.get(this.current ?? '');
    for (const [part, index] of [[before, -1], [row, 0]]) {
      if (part instanceof RunRow) part.check.tabIndex = part.name.tabIndex = Number(index);
    }
    this.current = row.node.dataset.run;
    (ticking ? row.check : row.name).focus();
    row.node.scrollIntoView({block: 'nearest'});
  }
}

/** @param {Json[]} rows @returns {Node[]} how many runs are in each state */
const counts = (rows) => Object.entries(COUNTED).flatMap(([state, word]) => {
  const count = rows.filter((row) => row.state === state).length;
  return count ? [h('span.count', {}, icon(state === 'unread' ? 'warning' : state), `${count} ${word}`)] : [];
});
