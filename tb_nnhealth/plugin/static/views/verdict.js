// @ts-check
/** The top of the page: one sentence, the score, the categories, and how the run was measured. */

import {h, icon, inline, paths, svg} from '../dom.js';
import {duration, number, plural, sentence, short, whole, words} from '../format.js';

/** @typedef {Record<string, any>} Json */

/** The worst first. */
export const SEVERITIES = ['error', 'warning', 'info'];

/** What each state is called beside its icon. @type {Record<string, string>} */
export const WORDS = {pass: 'healthy', error: 'error', warning: 'warning', info: 'note', no_data: 'not judged'};

/**
 * The state shown for a rule: one that broke has judged nothing, one that passes may still have something worth knowing.
 * @param {Json} rule @returns {string}
 */
export function stateOf(rule) {
  if (rule.status === 'fail') return rule.severity ?? 'warning';
  if (rule.status === 'pass') return rule.severity === 'info' ? 'info' : 'pass';
  return 'no_data';
}

/** @param {Json} rule of the scorecard @returns {string} what it found; a note says only what it is about, for its rule passes */
export const titleOf = (rule) => (rule.status === 'pass' ? sentence(words(rule.name), '') : rule.title);

/** @param {{rules: Json[], findings: Json[]} | Json} card @returns {Json[]} the rules that have findings, the one to mend first ahead */
export function noted(card) {
  const names = card.findings.map((/** @type {Json} */ finding) => finding.rule);
  /** @param {Json} rule */
  const place = (rule) => names.indexOf(rule.name);
  return card.rules.filter((/** @type {Json} */ rule) => SEVERITIES.includes(stateOf(rule)))
    .sort((/** @type {Json} */ a, /** @type {Json} */ b) => place(a) - place(b));
}

/**
 * @param {Json} card @param {Json} facts @param {string | null} chosen category
 * @param {(category: string | null) => void} choose
 */
export function verdict(card, facts, chosen, choose) {
  const {state, sentence, first, counts, categories} = facts.verdict;
  return h('section.verdict.card', {'aria-label': 'Verdict', 'data-state': state},
    dial(card.score, state),
    h('div.summary', {},
      h('h1', {}, sentence),
      first && mend(first),
      h('p.counts', {}, counts.map((/** @type {[string, string]} */ [which, told]) => h('span.count', {}, icon(which), told))),
      h('div.categories', {role: 'group', 'aria-label': 'Categories'},
        categories.map((/** @type {Json} */ category) => chip(category, chosen, choose))),
      notes(facts.verdict)),
    measured(facts));
}

/** Where to begin. @param {{where: string[], since: string, remedy: string}} first what is to be mended first */
const mend = ({where, since, remedy}) => h('p.first', {}, where.length ? paths(where) : null, where.length && since ? ' ' : null, since, '. ',
  h('b', {}, 'Try first: '), inline(remedy));

/** @param {number | null} score @param {string} state */
function dial(score, state) {
  const radius = 42;
  const around = 2 * Math.PI * radius;
  const share = (score ?? 0) / 100;
  const ring = {cx: 52, cy: 52, r: radius, fill: 'none', 'stroke-width': 8};
  const label = score === null ? 'no score' : `score ${number(Math.round(score))} of 100`;
  return h('div.dial', {role: 'img', 'aria-label': label, 'data-state': state},
    svg('svg', {viewBox: '0 0 104 104', 'aria-hidden': 'true'},
      svg('circle', {...ring, class: 'track'}),
      svg('circle', {...ring, class: 'arc', 'stroke-dasharray': `${share * around} ${around}`, transform: 'rotate(-90 52 52)'})),
    h('span.score', {}, score === null ? '–' : String(Math.round(score))),
    h('span.of', {}, score === null ? 'no score' : 'of 100'));
}

/** @param {Json} category @param {string | null} chosen @param {(category: string | null) => void} choose */
function chip({name, score, state, word, judged}, chosen, choose) {
  const pressed = chosen === name;
  const points = score === null ? '' : `${score} · `;
  return h('button.chip', {
    type: 'button', 'data-key': `category:${name}`, 'data-state': state, 'aria-pressed': String(pressed),
    title: pressed ? 'Show all findings' : `Show the checks of ${words(name)} only`,
    onclick: () => choose(pressed ? null : name),
  }, icon(state), h('span.name', {}, words(name)), h('span.state', {}, points, word), h('span.judged', {}, judged));
}

/** @param {Json} verdict */
function notes({notes, unjudged}) {
  /** @param {string} state */
  const item = (state) => (/** @type {string} */ sentence) => h('li', {}, icon(state), sentence);
  const items = [...notes.map(item('warning')), ...unjudged.map(item('no_data'))];
  return items.length ? h('ul.notes', {}, items) : null;
}

/**
 * What measuring took, and which share of the time from the first sample to the last; not of a training that is over before the samples
 * that are taken whatever they cost, of its first steps and one an epoch, are within their budget.
 * @param {Json} costs in seconds @param {Json} settings of the sampling @returns {string | null}
 */
export function spent({sampling, elapsed}, settings) {
  if (!(sampling > 0 && elapsed > 0)) return null;
  const isOver = sampling > elapsed || (settings.sampling === 'auto' && sampling > settings.overhead * elapsed);
  return `${duration(sampling)} · ${isOver ? 'the start is sampled densely' : `${number((100 * sampling) / elapsed)} % of the time`}`;
}

/** @param {Json} training @returns {string} how many samples there are, and of a thinned run how many of them are here */
export const samples = ({samples: taken, thinned, sampled_steps: here, written}) =>
  (thinned ? `${whole(here)} of ${plural(written, 'sample')}` : plural(taken, 'sample'));

/** @param {Json} facts */
function measured(facts) {
  const {model, training} = facts;
  const {compile} = training.costs;
  const optimizer = model.compile.optimizer;
  const losses = (model.compile.losses ?? []).map((/** @type {Json} */ loss) => loss.class_name).filter(Boolean);
  const rows = [
    ['Model', `${model.name} · ${short(model.parameters)} parameters`],
    ['Optimizer', optimizer ? [optimizer.class_name, optimizer.learning_rate ? `lr ${number(optimizer.learning_rate)}` : ''].filter(Boolean).join(' · ') : null],
    ['Loss', [...new Set(losses)].join(', ')],
    ['Steps', `${whole(training.steps)} · ${samples(training)}`],
    ['Measuring', spent(training.costs, model.sampling)],
    ['Compiling', compile > 0 ? `${duration(compile)} once` : null],
  ];
  return h('dl.measured', {}, rows.flatMap(([name, value]) =>
    value ? [h('dt', {}, name), h('dd', {title: value}, value)] : []));
}
