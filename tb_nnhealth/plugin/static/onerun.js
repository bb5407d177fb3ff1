// @ts-check
/** The page of one run: the verdict, the findings and the timeline, as the state has them. */

import * as api from './api.js';
import {Slot, focus, h} from './dom.js';
import {PREFERRED, selectedRows, tableOf} from './places.js';
import {Beside, isSeen} from './views/beside.js';
import {relatives} from './views/charts.js';
import {failed, loading, missing, noRuns, stale} from './views/empty.js';
import {findings} from './views/findings.js';
import {Preflight} from './views/preflight.js';
import {Timeline} from './views/timeline.js';
import {verdict} from './views/verdict.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import('./state.js').State} State
 * What the reader does: `change` may need data, `refine` none.
 * @typedef {{change: (changes: Partial<State>) => void, refine: (changes: Partial<State>, quiet?: boolean) => void, pick: (category: string | null) => void,
 *   show: (finding: Json) => void, open: (findings: Json[]) => void, copy: (text: string) => void, retry: () => void}} Actions
 */

export class OneRun {
  /** @param {State} state @param {Actions} actions */
  constructor(state, actions) {
    this.state = state;
    this.actions = actions;
    const {change, refine, open} = actions;
    this.timeline = new Timeline({
      view: (view) => change({view}),
      choose: (choice) => change({choice}),
      flow: (flow) => change({flow}),
      examples: (step) => change({step}),
      select: (row) => change({row, focus: null}),
      zoom: (range) => change({range}),
      space: (log) => change({log}),
      filter: (rowFilter) => refine({rowFilter}),
      refine,
      open,
      read: (finding) => this.read(finding),
    });
    const [message, top, left] = ['div.message', 'div.verdict-place', 'div.findings-place'].map((tag) => h(tag));
    this.preflight = new Preflight((preflight) => change({preflight}));
    this.timelineHost = h('div.timeline-place', {}, this.timeline.node);
    this.columns = h('div.columns', {}, left, this.timelineHost);
    this.node = h('main', {}, message, top, this.preflight.node, this.columns);
    this.beside = new Beside(this.timelineHost, this.columns);
    this.slots = {message: new Slot(message), top: new Slot(top), left: new Slot(left)};
  }

  draw() {
    const {state, actions} = this;
    this.node.hidden = state.page !== 'run';
    if (this.node.hidden) return;
    const {runs, run, facts, card, error, isFinal} = state;
    const category = card?.rules.some((/** @type {Json} */ rule) => rule.category === state.category) ? state.category : null;
    this.slots.message.show([error, isFinal, run, runs?.length === 0, isMissing(state), Boolean(facts)], () => this.message());
    this.slots.top.show([card, facts, category], () => card && facts && verdict(card, facts, category, actions.pick));
    this.slots.left.show([judgement(card, state.curves), category, state.dark], () => card && findings(card, category, {
      prose: state.prose,
      curves: state.curves,
      page: (rule) => api.rulePage(rule, state.dark ? 'dark' : 'light'),
      toggled: state.toggled,
      actions: {
        choose: actions.pick,
        show: actions.show,
        toggle: (name, open) => state.toggled.set(name, open),
        copy: actions.copy,
      },
    }));
    this.preflight.update(state);
    this.columns.hidden = !facts;
    if (facts && card) this.drawTimeline(facts, card);
    this.beside.follow();
  }

  message() {
    const {error, isFinal, runs, run, facts} = this.state;
    if (error) return (facts ? stale : failed)(error, isFinal ? null : this.actions.retry);
    if (runs?.length === 0) return noRuns(run);
    if (run !== null && isMissing(this.state)) return missing(run);
    return facts ? null : loading();
  }

  /** @param {Json} facts @param {Json} card */
  drawTimeline(facts, card) {
    const {state} = this;
    const {row} = state;
    const choice = state.choice ?? PREFERRED[0];
    const related = relatives(facts, tableOf(facts, choice.table, row ?? ''), row ?? '');
    const selected = selectedRows(facts, choice.table, row);
    this.timeline.update({...state, facts, card, choice, selected, related});
  }

  /** Brings the heat map into view, and a row of it. @param {string | null} row @param {boolean} [beside] what is read stays where it is */
  reveal(row, beside = false) {
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const {map} = this.timeline.heat;
    this.beside.show(map.node);
    if (!beside && !isSeen(map.node)) map.node.scrollIntoView({block: 'nearest', behavior: still ? 'auto' : 'smooth'});
    if (row) map.reveal(row);
  }

  /** Goes to a finding in the list, and leaves the timeline as it is. @param {Json} finding */
  read(finding) {
    this.actions.pick(null);
    this.draw();
    this.unfold([finding]);
  }

  /** Opens findings of the list, brings the first of them into view, and gives it the focus. @param {Json[]} findings */
  unfold(findings) {
    const parts = [...this.slots.left.host.querySelectorAll('details[data-part]')].filter((part) =>
      findings.some(({rule}) => rule === /** @type {HTMLElement} */ (part).dataset.part));
    for (const part of /** @type {HTMLDetailsElement[]} */ (parts)) part.open = true;
    const [first] = /** @type {HTMLElement[]} */ (parts);
    if (!first) return;
    if (!isSeen(first)) first.scrollIntoView({block: 'start'});
    focus(first.querySelector('summary'));
  }
}

/** @param {State} state @returns {boolean} whether TensorBoard does not have the run */
const isMissing = ({runs, run}) => runs !== null && run !== null && !runs.includes(run);

/** What the findings show of a scorecard: rebuilt only when it changes. @param {Json | null} card @param {(Json | null)[]} curves */
const judgement = (card, curves) => card && JSON.stringify([card.rules, card.findings, curves]);
