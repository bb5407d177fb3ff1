// @ts-check
/** The bar at the top: which run, how far it is, and what can be taken away. */

import {PAGES} from '../address.js';
import {Slot, h} from '../dom.js';
import {duration, plural} from '../format.js';
import {Freshness, agoText} from '../freshness.js';
import {downloadMenu} from './downloads.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {{choose: (run: string) => void, page: (name: string) => void, skip: () => void, link: () => void, downloads: () => import('./downloads.js').Group[]}} Actions
 */

const SILENT = 'The training was interrupted, it pauses, or its log is damaged after that: the command nnhealth check tells of damage.';

export class Bar {
  /** @param {import('../state.js').State} state @param {Actions} actions */
  constructor(state, actions) {
    this.state = state;
    this.actions = actions;
    this.freshness = new Freshness();
    this.node = h('header.top');
    this.slot = new Slot(this.node);
  }

  draw() {
    const {runs, run, page} = this.state;
    this.slot.show([runs, run, page], () => header(runs ?? [], run, page, this.actions));
    this.tell();
  }

  /** Says how far the run is, as of now. */
  tell() {
    const {run, page, facts} = this.state;
    const shown = page === 'run' ? facts : null;
    const age = this.freshness.age(run, shown?.training.last_time ?? null, Date.now() / 1000);
    const place = this.node.querySelector('.progress');
    if (place instanceof HTMLElement) showProgress(place, shown, age);
  }
}

/** @param {string[]} runs @param {string | null} run @param {string} page @param {Actions} actions */
function header(runs, run, page, actions) {
  const missing = run === null || runs.includes(run) ? [] : [run];
  const picker = h('select', {
    id: 'run', 'data-key': 'run', disabled: !runs.length,
    onchange: (/** @type {Event} */ event) => actions.choose(/** @type {HTMLSelectElement} */ (event.target).value),
  }, missing.map((name) => h('option', {value: name, disabled: true, selected: true}, `${title(name)} (not here)`)),
  runs.map((name) => h('option', {value: name, selected: name === run}, title(name))));
  const one = page === 'run';
  return h('div.bar', {},
    one && run !== null ? h('button.skip', {type: 'button', 'data-key': 'skip', onclick: actions.skip}, 'Skip to the layers and curves') : null,
    run === null ? null : pages(page, actions),
    one && run !== null ? [h('label', {htmlFor: 'run'}, 'Run'), picker] : null, h('span.progress'), h('span.space'),
    run === null ? null : [
      h('button', {type: 'button', 'data-key': 'link', onclick: actions.link}, 'Copy link'),
      downloadMenu(actions.downloads),
    ]);
}

/** @param {string} shown @param {Actions} actions */
const pages = (shown, actions) => h('nav.pages', {'aria-label': 'Pages'}, PAGES.map(([name, words]) => h('button', {
  type: 'button', 'data-key': `page:${name}`, 'aria-current': name === shown ? 'page' : null, onclick: () => actions.page(name),
}, words)));

/** A run's directory is `<log_dir>/health`: people know it by its log_dir. @param {string} name */
export const title = (name) => name.replace(/\/health$/, '');

/** Says how far the run is, and when its last sample came. @param {HTMLElement} place @param {Json | null} facts @param {import('../freshness.js').Age} age */
function showProgress(place, facts, {seconds, note}) {
  if (!facts) return place.replaceChildren();
  const {steps, finished, untrained, silence} = facts.training;
  const state = finished ? 'finished' : untrained ? 'untrained' : seconds !== null && seconds > silence ? 'silent' : 'training';
  const words = {finished: 'finished', untrained: 'preflight only, not trained yet', silent: `no news for ${duration(seconds ?? 0)}`, training: 'training'}[state];
  const told = untrained ? [words] : [words, steps ? plural(steps, 'step') : '', seconds === null ? '' : `last sample ${agoText(seconds)}`];
  const text = told.filter(Boolean).join(' · ');
  const why = state === 'silent' ? `${note} ${SILENT}` : note;
  if (place.lastChild?.textContent === text && place.dataset.progress === state && place.title === why) return;
  place.dataset.progress = state;
  place.title = why;
  place.replaceChildren(...(state === 'training' ? [h('span.pulse', {'aria-hidden': 'true'})] : []), text);
}
