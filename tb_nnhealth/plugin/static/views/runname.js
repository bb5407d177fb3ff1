// @ts-check
/** Names of runs where there is little room: those of a sweep differ in their middle and at their end. */

import {h} from '../dom.js';
import {shortened} from '../format.js';
import {title} from './header.js';

/** Letters of a name that is not parted, and of the end that stays of another one, at most. */
const [SHORT, END] = [20, 24];

/** Letters of a name beside others; more of them only where two would read the same. */
const LENGTHS = [44, 64, 90];

/** What parts the words of a name, at its beginning. */
const PARTING = /^[^/_=,:.-]*[/_,:.-](?=.)/;

/** @param {string} name @returns {(Node | string)[]} in two parts where it is long: the first gives way, the end stays */
export function parted(name) {
  const letters = [...name];
  if (letters.length <= SHORT) return [name];
  const end = letters.slice(-Math.min(END, Math.ceil(letters.length / 2))).join('');
  const [cut] = PARTING.exec(end) ?? [''];
  const ends = cut.length < end.length / 2 ? end.slice(cut.length) : end;
  return [h('span.begins', {}, name.slice(0, -ends.length)), h('span.ends', {}, ends)];
}

/** @param {string} name @returns {(Node | string)[]} it may be broken behind what parts its words, not only at hyphens */
export const breakable = (name) =>
  name.split(/(?<=[/_,:])/).flatMap((part, index) => (index ? [h('wbr'), part] : [part]));

/** @param {string[]} runs @returns {Map<string, string>} their names, shortened in the middle as far as they stay apart */
export function namesApart(runs) {
  const whole = runs.map(title);
  const apart = new Set(whole).size;
  const tries = LENGTHS.map((most) => whole.map((name) => shortened(name, most)));
  const names = tries.find((told) => new Set(told).size === apart) ?? whole;
  return new Map(runs.map((run, index) => [run, names[index]]));
}
