// @ts-check
/** The page's state, and what changes it. */

import * as api from './api.js';
import * as host from './host.js';
import {Trail, same, shownBy, shownIn} from './address.js';
import {frames} from './frames.js';
import {OneRun} from './onerun.js';
import {Patience} from './patience.js';
import {carried, measured, placeOf, rowStates} from './places.js';
import {pictures} from './pictures.js';
import {UNREAD, initial} from './state.js';
import {downloads} from './views/downloads.js';
import {Bar} from './views/header.js';
import {Toast} from './views/toast.js';
import {Sweep} from './sweep.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import('./state.js').State} State
 */

/** How often the age of the last sample is told. */
const TELL_MILLISECONDS = 1000;

/** How long a range stays as it is before its data are asked for: the wheel changes it many times. */
const SETTLE_MILLISECONDS = 80;

/** @param {HTMLElement} root */
export function start(root) {
  const page = new Page(root);
  host.followTheme(() => page.set({dark: document.documentElement.dataset.theme === 'dark'}));
  const soon = () => setTimeout(() => page.refresh(), 150);
  host.followAddress(() => page.follow());
  host.listen({'experimental.DataReloaded': soon, 'experimental.RunsChanged': soon});
  const resized = new ResizeObserver(() => page.draw());
  for (const part of [root, page.one.timelineHost]) resized.observe(part);
  window.addEventListener('resize', () => {
    if (!host.visible()) return;
    page.draw();
    page.refresh();
  });
  page.patience.poll(() => page.refresh());
  setInterval(() => page.bar.tell(), TELL_MILLISECONDS);
  page.refresh();
}

class Page {
  /** @param {HTMLElement} root */
  constructor(root) {
    const asked = host.readAddress();
    this.state = {...initial(shownBy(asked)), run: asked.run ?? null};
    this.patience = new Patience();
    /** Whether the run was chosen in place of another, whose layer and range it is to keep as far as it has them. */
    this.carries = false;
    /** Grows with each request for what is shown: an answer to an earlier one is dropped. */
    this.turn = 0;
    /** Grows with each choice of a run: what was asked of the one before is dropped. */
    this.choices = 0;
    this.busy = false;
    this.drawing = 0;
    this.trail = new Trail();
    this.one = new OneRun(this.state, {
      change: (changes) => this.change(changes),
      refine: (changes, quiet) => this.refine(changes, quiet),
      pick: (category) => this.refine({category}),
      show: (finding) => this.show(finding),
      open: (findings) => this.open(findings),
      copy: (text) => this.copy(text),
      retry: () => this.retry(),
    });
    this.bar = new Bar(this.state, {
      choose: (name) => this.chooseRun(name),
      page: (name) => this.wander({page: name}),
      skip: () => this.one.timeline.enter(),
      link: () => this.copy(host.pageAddress()),
      downloads: () => downloads(this.state, pictures(this.state, this.one, this.sweep)),
    });
    this.toast = new Toast();
    this.sweep = new Sweep(this.state, {
      open: (run) => this.chooseRun(run),
      wander: (changes, quiet) => this.wander(changes, quiet),
      changed: () => this.set({}),
    });
    root.append(this.bar.node, this.one.node, this.sweep.node, this.toast.node);
  }

  /** @param {Partial<State>} changes */
  set(changes) {
    Object.assign(this.state, changes);
    if (!this.drawing) this.drawing = requestAnimationFrame(() => this.draw());
  }

  /** Looks for news; cheap where there are none. */
  async refresh() {
    if (this.busy || !host.visible()) return;
    this.busy = true;
    await this.look();
    this.busy = false;
  }

  async look() {
    const {state, choices} = this;
    const isCurrent = () => choices === this.choices;
    let version = '';
    try {
      const runs = await api.runs();
      if (!isCurrent()) return;
      this.patience.answered();
      if (JSON.stringify(runs) !== JSON.stringify(state.runs)) this.set({runs});
      const run = state.run ?? runs[0] ?? null;
      if (run !== state.run) this.set({...UNREAD, run});
      if (run === null) return this.set(UNREAD);
      if (state.page !== 'run') return void this.sweep.refresh();
      if (!runs.includes(run)) return this.set(UNREAD);
      version = await api.version(run);
      const isKnown = [state.version, this.patience.refused].includes(version);
      if (isCurrent() && !isKnown) await this.read(run);
    } catch (error) {
      if (!isCurrent()) return;
      this.patience.failed(error, version);
      this.set({error: api.explained(error), isFinal: version !== '' && api.isRefusal(error), version: ''});
      if (state.page !== 'run') this.sweep.refresh();
    }
  }

  retry() {
    this.patience.forget();
    return this.refresh();
  }

  /** Asks for all of a run; its verdict does not wait for the charts, unless there are older ones that go with an older verdict. @param {string} run */
  async read(run) {
    const turn = ++this.turn;
    const [facts, card, curves, prose] = await Promise.all([api.facts(run), api.scorecard(run), api.evidence(run), this.prose()]);
    if (turn !== this.turn) return;
    const choice = measured(facts, this.state.choice);
    const kept = this.carries ? carried(facts, this.state) : {};
    this.carries = false;
    const changes = {facts, card, curves, prose, matrix: null, overview: null, flight: null, choice, error: null, states: rowStates(facts, card), ...kept};
    if (!this.state.facts) this.set(changes);
    const fetched = await frames({...this.state, ...changes});
    if (turn === this.turn) this.set({...changes, ...fetched, version: facts.version});
  }

  /** Does what the reader chose, so that it can be gone back on. @param {Partial<State>} changes */
  change(changes) {
    this.trail.note(changes);
    return this.ask(changes);
  }

  /** Goes to another page, or changes what one of all runs shows. @param {Partial<State>} changes @param {boolean} [quiet] nothing to go back on */
  wander(changes, quiet = false) {
    if (!quiet) this.trail.note(changes);
    this.set(changes);
    if (this.state.page !== 'run') return void this.sweep.refresh();
    if (this.state.facts) this.ask({}); // The range may be another by now.
    this.look();
  }

  /** Does what the reader chose of what is there already. @param {Partial<State>} changes @param {boolean} [quiet] nothing to go back on */
  refine(changes, quiet = false) {
    if (!quiet) this.trail.note(changes);
    this.set(changes);
  }

  /** Shows what the address asks for, where the reader went back, forward or to another link. */
  follow() {
    const asked = host.readAddress();
    const shown = shownBy(asked);
    const {state} = this;
    if (!asked.run || same({run: asked.run, ...shown}, state)) return;
    if (asked.run !== state.run) return this.goTo(asked.run, shown);
    if (shown.page !== 'run') return this.wander({...shown, focus: null}, true);
    if (!state.facts) return this.goTo(asked.run, shown);
    this.ask({...shown, choice: measured(state.facts, shown.choice), focus: null});
  }

  /** Changes what is shown of the run, and fetches what that needs. @param {Partial<State>} changes */
  async ask(changes) {
    this.set(changes);
    const turn = ++this.turn;
    if (changes.range) await new Promise((resolve) => setTimeout(resolve, SETTLE_MILLISECONDS));
    if (turn !== this.turn) return;
    try {
      const fetched = await frames(this.state);
      if (turn === this.turn) this.set(fetched);
    } catch (error) {
      if (turn === this.turn) this.set({error: api.explained(error), version: ''});
    }
  }

  async prose() {
    return Object.keys(this.state.prose).length ? this.state.prose : api.rules();
  }

  /** @param {string} run */
  chooseRun(run) {
    this.trail.note({run});
    this.goTo(run, {...shownIn(this.state), page: 'run', step: null, category: null});
    this.carries = true;
  }

  /** @param {string} run @param {import('./address.js').Shown} shown */
  goTo(run, shown) {
    this.turn++;
    this.choices++;
    this.carries = false;
    this.patience.forget();
    this.set({...UNREAD, ...shown, run, focus: null});
    this.look();
  }

  /** Marks a finding's rows and steps in the heat map, at the statistic that shows it. @param {Json} finding @param {Partial<State>} [changes] */
  async show(finding, changes = {}) {
    await this.mark(finding, changes);
    this.one.reveal(this.state.row);
  }

  /** @param {Json} finding @param {Partial<State>} changes */
  async mark(finding, changes) {
    const facts = /** @type {Json} */ (this.state.facts);
    const {choice, rows} = placeOf(facts, finding, this.state.choice);
    const {first_step: first, last_step: last} = finding;
    await this.change({view: 'heatmap', choice, row: rows[0] ?? null, focus: {rows: new Set(rows), first, last}, range: null, rowFilter: '', ...changes});
    this.draw();
  }

  /** Opens findings in the list, and shows the first of them beside it. @param {Json[]} findings */
  async open(findings) {
    for (const {rule} of findings) this.state.toggled.set(rule, true);
    await this.mark(findings[0], {category: null});
    this.one.unfold(findings);
    this.one.reveal(this.state.row, true);
  }

  /** @param {string} text */
  async copy(text) {
    if (await host.copy(text)) this.toast.say('Copied', 1500);
    else this.toast.say(`Could not copy. Select it by hand: ${text}`, 8000);
  }

  draw() {
    cancelAnimationFrame(this.drawing);
    this.drawing = 0;
    if (!host.visible()) return;
    const {runs, run, page, facts, version, error} = this.state;
    this.bar.draw();
    this.sweep.draw();
    this.one.draw();
    this.trail.write(this.state);
    const shown = page === 'run' ? facts && version && `${run} ${facts.training.steps}` : this.sweep.told;
    document.body.dataset.shown = error && page === 'run' ? 'error' : runs?.length === 0 ? 'none' : shown ?? '';
  }
}
