// @ts-check
/** The right half: the whole run, then the view that is chosen and the chosen layer's charts over one range of steps. */

import {Slot, focus, h} from '../dom.js';
import {steps} from '../format.js';
import {savePicture} from '../picture.js';
import {hasRow} from '../places.js';
import {StepAxis} from './axis.js';
import {Choices, SPACINGS} from './choices.js';
import {CurvesView} from './curves.js';
import {flowOf} from './depth.js';
import {FlowView} from './flow.js';
import {unknownRow} from './empty.js';
import {ExamplesView} from './examples.js';
import {title} from './header.js';
import {HeatView} from './heat.js';
import {LayerPanel} from './layer.js';
import {Overview} from './overview.js';
import {tellSteps, within} from './shownsteps.js';
import {Tabs} from './tabs.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import('../api.js').Frame} Frame
 * @typedef {{table: string, statistic: string}} Choice
 * @typedef {{facts: Json, card: Json, view: string, choice: Choice, flow: string | null, range: import('../api.js').Range,
 *   log: boolean, rowFilter: string, groups: string[], step: number | null, everything: boolean, logLoss: boolean, form: string, matrix: import('../matrix.js').Matrix | null, depth: import('./depth.js').FlowFrame | null, overview: Frame | null, loss: Frame | null, row: string | null, selected: ReadonlySet<string>, related: ReturnType<typeof import('./charts.js').relatives>,
 *   sources: import('./charts.js').Source[], spreads: import('./distribution.js').Spread[],
 *   classes: import('./charts.js').Source[], about: Json | null, gallery: Json | null, focus: import('./heatmap.js').Focus | null, states: ReadonlyMap<string, string>, dark: boolean}} Shown
 * @typedef {{view: (name: string) => void, choose: (choice: Choice) => void, flow: (statistic: string) => void, examples: (step: number | null) => void, select: (row: string | null) => void,
 *   zoom: (range: import('../api.js').Range) => void, space: (log: boolean) => void, filter: (text: string) => void, refine: (changes: Partial<import('../state.js').State>, quiet?: boolean) => void, open: (findings: Json[]) => void,
 *   read: (finding: Json) => void}} Actions
 */

const NO_STEP_YET = 'No step was sampled yet: the charts begin with the first one.';
const NO_STEP_TAKEN = 'The preflight took no step of the training: there are no charts of one.';

/** What the right half can show below the whole run; the first one unless another is chosen. */
export const VIEWS = [
  {name: 'heatmap', title: 'Layers × steps'},
  {name: 'flow', title: 'Gradient flow'},
  {name: 'curves', title: 'Training curves'},
  {name: 'examples', title: 'Examples'},
];

/** @param {Json} facts @param {string} asked @returns {string} the view that is shown: where no step was sampled, examples are all there is to look at */
export const viewOf = (facts, asked) => (!facts.training.sampled_steps && facts.galleries ? 'examples' : asked);

export class Timeline {
  /** @param {Actions} actions */
  constructor(actions) {
    this.actions = actions;
    this.axis = new StepAxis();
    this.axis.onzoom = actions.zoom;
    this.overview = new Overview(this.axis, actions);
    const {refine} = actions;
    this.curves = new CurvesView(this.axis, {
      scale: (logLoss) => refine({logLoss}), open: actions.open, point: (finding) => this.overview.point(finding),
    });
    this.heat = new HeatView(this.axis, {...actions, regroup: (groups, quiet) => refine({groups}, quiet)});
    this.flow = new FlowView(this.axis, {
      choose: actions.flow, select: (row) => actions.select(row), step: (step) => refine({step}), everything: (everything) => refine({everything}),
    });
    this.examples = new ExamplesView(actions.examples);
    this.tabs = new Tabs('View', VIEWS, 'view', actions.view);
    this.layer = new LayerPanel(this.axis, {select: actions.select, read: actions.read, reshape: (form) => refine({form})});
    const unknown = h('div');
    this.unknown = new Slot(unknown);
    const zoomed = h('div');
    this.zoomed = new Slot(zoomed);
    this.spacing = new Choices('Steps', SPACINGS, (name) => actions.space(name === 'log'));
    this.empty = h('p.dim');
    this.first = h('p.dim.by-preflight', {}, 'These are the first steps as the preflight took them, before it brought the model back.');
    this.views = h('div.views', {}, this.tabs.node, h('span.space'), this.spacing.node);
    this.panel = h('div.view', {id: 'view', role: 'tabpanel'}, this.heat.node, this.flow.node, this.curves.node, this.examples.node);
    this.node = h('section.timeline.card', {'aria-label': 'Timeline'},
      h('div.toolbar', {}, h('h2', {}, 'Timeline'), h('span.space'), zoomed),
      this.first, this.empty, this.overview.node, this.views, this.panel, unknown, this.layer.node);
  }

  /** @param {Shown} shown */
  update({range: asked, ...others}) {
    const {facts, log} = others;
    const end = facts.training.steps - 1;
    const range = within(asked, end);
    const shown = {...others, range};
    this.axis.set(range, end, log);
    tellSteps(this.zoomed, asked, end, () => this.actions.zoom(null));
    this.spacing.update(log ? 'log' : 'linear');
    const {row, related, sources, spreads, form, classes, about, card, overview, dark} = shown;
    this.overview.update({facts, card, frame: overview, range, dark});
    this.updateView(shown);
    const {layer, rows: places} = related;
    const isUnknown = row !== null && !hasRow(facts, row);
    this.unknown.show([isUnknown, row], () => (isUnknown ? unknownRow(row, () => this.actions.select(null)) : null));
    this.layer.update(row === null || isUnknown ? null : {facts, card, row, layer, about, places, sources, spreads, form, classes, dark});
  }

  /** @param {Shown} shown */
  updateView(shown) {
    const {facts, card, flow, depth, loss, logLoss, step, everything, range, selected, gallery, dark} = shown;
    const nothing = !facts.training.sampled_steps;
    const view = viewOf(facts, shown.view);
    this.first.hidden = nothing || !facts.training.untrained;
    this.empty.hidden = !nothing;
    this.empty.textContent = facts.training.untrained ? NO_STEP_TAKEN : NO_STEP_YET;
    this.overview.node.hidden = nothing;
    this.views.hidden = this.panel.hidden = nothing && !facts.galleries;
    this.tabs.update(view, VIEWS.map(({name}) => name).filter((name) => (name === 'examples' ? !facts.galleries : nothing)));
    this.panel.setAttribute('aria-labelledby', `tab-${view}`);
    this.heat.node.hidden = view !== 'heatmap';
    this.flow.node.hidden = view !== 'flow';
    this.curves.node.hidden = view !== 'curves';
    this.spacing.node.hidden = view === 'examples';
    this.examples.node.hidden = view !== 'examples';
    if (view === 'heatmap') this.heat.update(shown);
    if (view === 'flow') this.flow.update({facts, flow: flowOf(facts, flow), frame: depth, range, step, everything, selected, dark});
    if (view === 'curves') this.curves.update({facts, card, frame: loss, logLoss, dark});
    if (view === 'examples') this.examples.update(facts, gallery);
  }

  /** Gives the focus to what the chosen view shows: the heat map's row, the flow's plot, or else its tab. */
  enter() {
    const first = this.panel.querySelector(':scope > :not([hidden]) :is(.labels [tabindex="0"], .flow-plot, .examples input:enabled)');
    const target = first ?? this.tabs.node.querySelector('[aria-selected="true"]');
    focus(target);
    target?.scrollIntoView({block: 'nearest'});
  }

  /** Saves a picture of what is shown. @param {{run: string | null, view: string, facts: Json | null, range: import('../api.js').Range}} shown */
  save({run, view: chosen, facts, range: asked}) {
    const view = facts ? viewOf(facts, chosen) : chosen;
    const range = within(asked, (facts?.training.steps ?? 0) - 1);
    const name = title(run ?? '');
    const told = [name, VIEWS.find((other) => other.name === view)?.title ?? '', range ? steps(range.first, range.last) : ''];
    return savePicture(this.node, told, [name, view]);
  }
}
