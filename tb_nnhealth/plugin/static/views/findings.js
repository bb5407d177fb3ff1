// @ts-check
/** What fails, with its evidence and what to try; then what passed, and what could not be judged and why. */

import {chevron, h, icon, inline, path, paths} from '../dom.js';
import {NAMES, plural, quantity, sentence, steps, where, words} from '../format.js';
import {sparkline} from './sparkline.js';
import {WORDS, noted, stateOf, titleOf} from './verdict.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {{show: (finding: Json) => void, toggle: (name: string, open: boolean) => void, copy: (text: string) => void,
 *   choose: (category: string | null) => void}} Actions
 * `curves` holds each finding's, in their order; `toggled` is what the reader opened and closed.
 * @typedef {{prose: Json, curves: (Json | null)[], page: (rule: string) => string, toggled: ReadonlyMap<string, boolean>, actions: Actions}} Context
 */

/** Evidence shown before "and … more". */
export const MOST_PLACES = 8;
const MOST_OTHERS = 100;

/** @param {Json} card @param {string | null} category @param {Context} context */
export function findings(card, category, context) {
  const chosen = card.rules.filter((/** @type {Json} */ rule) => !category || rule.category === category);
  const found = noted({...card, rules: chosen});
  /** @param {string} state */
  const those = (state) => chosen.filter((/** @type {Json} */ rule) => stateOf(rule) === state);
  const calm = !found.some((rule) => rule.status === 'fail');
  return h('div.findings', {},
    h('div.findings-head', {}, h('h2', {}, category ? `Findings: ${words(category)}` : 'Findings'),
      category ? h('button.quiet', {type: 'button', onclick: () => context.actions.choose(null)}, 'Show all') : null),
    calm ? h('p.none', {}, those('pass').length || found.length ? 'No check failed.' : 'No check could be judged.') : null,
    found.map((rule, index) => failure(rule, card, index === 0 && !calm, context)),
    list('Could not be judged', 'no_data', those('no_data'), calm && (Boolean(category) || !those('pass').length), context),
    list('Passed', 'pass', those('pass'), calm && Boolean(category), context));
}

/**
 * A part that opens and closes, and stays so when the page is brought up to date.
 * @param {string} tag @param {string} name @param {boolean} initially open @param {Context} context @param {any} summary @param {...any} body
 */
function disclosure(tag, name, initially, {toggled, actions}, summary, ...body) {
  return h(`details.${tag}`, {
    open: toggled.get(name) ?? initially, 'data-part': name,
    ontoggle: (/** @type {Event} */ event) => actions.toggle(name, /** @type {HTMLDetailsElement} */ (event.target).open),
  }, h('summary', {'data-key': `part:${name}`}, summary, tag === 'part' ? chevron('down', 'up') : null), h('div.body', {}, body));
}

/** @param {Json} rule @param {Json} card @param {boolean} open @param {Context} context */
function failure(rule, card, open, context) {
  const state = stateOf(rule);
  const prose = context.prose[rule.name] ?? {};
  const places = card.findings.filter((/** @type {Json} */ finding) => finding.rule === rule.name);
  const summary = [
    icon(state),
    h('span.title', {}, titleOf(rule)),
    h('span.badge', {'data-state': state}, WORDS[state]),
    h('span.message', {}, path(places[0]?.message ?? '')),
  ];
  const node = disclosure('part', rule.name, open, context, summary,
    places.slice(0, MOST_PLACES).map((/** @type {Json} */ finding, /** @type {number} */ index) =>
      evidence(finding, index, context.curves[card.findings.indexOf(finding)] ?? null, context)),
    places.length > MOST_PLACES ? h('p.dim', {}, `… and ${plural(places.length - MOST_PLACES, 'more place')} in the JSON.`) : null,
    prose['Why it matters'] ? [h('h3', {}, 'Why it matters'), paragraphs(prose['Why it matters'])] : null,
    rule.remedies.length ? [h('h3', {}, 'What to try'), h('ol.items', {}, rule.remedies.map((/** @type {string} */ text) => h('li', {}, inline(text))))] : null,
    h('p.more', {}, h('a', {href: context.page(rule.name), target: '_blank', rel: 'noopener', 'data-key': `page:${rule.name}`},
      'About this rule', h('span', {'aria-hidden': 'true'}, ' ↗'))),
    learnMore(rule, prose, context));
  node.dataset.state = state;
  node.classList.toggle('symptom', Boolean(places[0]?.because));
  return node;
}

/** @param {Json} finding @param {number} index @param {Json | null} curve @param {Context} context */
function evidence(finding, index, curve, context) {
  const places = where(finding);
  const others = finding.others ?? [];
  const name = `${finding.rule}:${index}`;
  const drawn = curve?.rule === finding.rule ? curve : null;
  if (!(index > 0 || drawn || places.length || others.length) && [finding.first_step, finding.observed, finding.limit].every((one) => one === null)) return null;
  return h('div.evidence', {},
    index > 0 ? h('p', {}, finding.message) : null,
    drawn && sparkline(finding, drawn),
    h('dl', {},
      places.length ? [h('dt', {}, 'Where'), h('dd', {}, paths(places))] : null,
      finding.first_step === null ? null : [h('dt', {}, 'When'), h('dd', {}, steps(finding.first_step, finding.last_step))],
      finding.observed === null ? null : [h('dt', {}, what(finding)),
        h('dd', {}, h('b', {}, quantity(finding.observed, finding.unit ?? '')), inChart(finding.observed, finding, drawn, 'reached'))],
      finding.limit === null ? null : [h('dt', {}, 'Limit'), h('dd', {}, quantity(finding.limit, finding.unit ?? ''), inChart(finding.limit, finding, drawn, 'limit'))],
      others.length ? [h('dt', {}, 'Also'), h('dd', {}, otherSigns(others, name, context))] : null),
    places.length || finding.first_step !== null
      ? h('button.link', {type: 'button', 'data-key': `show:${name}`, onclick: () => context.actions.show(finding)}, 'Show in the timeline')
      : null);
}

/**
 * What stands before a finding's number: the statistic, a ratio of two of them, a share of one, or a name of its own;
 * "Measured" where a unit says it all.
 * @param {Json} finding @returns {string}
 */
export function what({statistic, unit}) {
  if (NAMES.includes(unit)) return capital(unit);
  if (!statistic || !['', 'ratio', 'fraction', '0 or 1'].includes(unit ?? '')) return 'Measured';
  const name = words(statistic.replace(/^metric\//, ''));
  if (unit === 'ratio' && !/ratio$/.test(statistic)) return `Ratio of ${name}`;
  return unit === 'fraction' && !/fraction$/.test(statistic) ? `Share of the ${name}` : capital(name);
}

/**
 * What stands in the chart for a finding's number, " (13.4 in the chart)"; nothing where it is the same.
 * @param {number | null} value @param {Json} finding @param {Json | null} curve @param {'reached' | 'limit'} name
 */
export function inChart(value, finding, curve, name) {
  const own = quantity(value, finding.unit ?? '');
  const drawn = (curve?.[name] ?? null) === null ? own : quantity(curve?.[name], curve?.unit);
  return drawn === own ? '' : ` (${drawn} in the chart)`;
}

/** @param {string} text */
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** @param {string[]} others @param {string} name @param {Context} context */
const otherSigns = (others, name, context) =>
  disclosure('others', `others:${name}`, false, context, plural(others.length, 'other sign'),
    h('ul', {}, others.slice(0, MOST_OTHERS).map((other) => h('li.mono', {}, path(other)))),
    others.length > MOST_OTHERS ? h('p.dim', {}, `… and ${plural(others.length - MOST_OTHERS, 'more', 'more')} in the JSON.`) : null);

/** @param {Json} rule @param {Json} prose by heading @param {Context} context */
function learnMore(rule, prose, context) {
  const command = `nnhealth explain ${rule.name}`;
  return disclosure('more', `more:${rule.name}`, false, context, 'How it is decided, and when it is wrong',
    ['How it is decided', 'When it is wrong', 'References'].map((heading) =>
      prose[heading] ? [h('h3', {}, heading), paragraphs(prose[heading])] : null),
    h('p.learn', {}, h('code', {}, command),
      h('button.quiet', {type: 'button', 'data-key': `copy:${rule.name}`, onclick: () => context.actions.copy(command)}, 'Copy')));
}

/** @param {string} heading @param {string} state @param {Json[]} rules @param {boolean} open @param {Context} context */
function list(heading, state, rules, open, context) {
  if (!rules.length) return null;
  const summary = [icon(state), h('span.title', {}, heading), h('span.badge', {'data-state': state}, String(rules.length))];
  return disclosure('part', state, open, context, summary, h('ul.rules', {}, rules.map((rule) =>
    h('li', {}, h('span.title', {}, state === 'pass' ? rule.title : sentence(words(rule.name), '')), reason(rule)))));
}

/** @param {Json} rule */
function reason(rule) {
  if (!rule.reason) return null;
  return h('span.reason', {}, rule.status === 'error' ? `The check itself failed: ${rule.reason}` : sentence(rule.reason));
}

/** @param {string} text with paragraphs, and items that begin with "* " */
const paragraphs = (text) => text.split(/\n\s*\n/).map((block) => {
  const [lead, ...items] = `\n${block.trim()}`.split(/\n\* /).map((part) => part.replace(/\s+/g, ' ').trim());
  return [
    lead ? h('p', {}, inline(lead)) : null,
    items.length ? h('ul.items', {}, items.map((item) => h('li', {}, inline(item)))) : null,
  ];
});
