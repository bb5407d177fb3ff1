// @ts-check
/** Which pictures can be made of what is shown. */

import {PAGES} from './address.js';
import {savePicture} from './picture.js';
import {title} from './views/header.js';

/**
 * @param {import('./state.js').State} state @param {import('./onerun.js').OneRun} one @param {import('./sweep.js').Sweep} sweep
 * @returns {import('./views/downloads.js').Item[]}
 */
export function pictures(state, one, sweep) {
  const {run, page, facts} = state;
  const [node, name] = page === 'run' ? [one.node, title(run ?? '')] : [sweep.node, page];
  const told = [page === 'run' ? name : PAGES.find(([other]) => other === page)?.[1] ?? ''];
  const whole = {title: 'Picture of the page', form: 'PNG', make: () => savePicture(node, told, [name, 'health'])};
  if (page !== 'run') return [whole];
  const flown = one.preflight.isOpen ? [{title: 'Picture of the preflight', form: 'PNG', make: () => savePicture(one.preflight.node, [name, 'Preflight'], [name, 'preflight'])}] : [];
  const timeline = facts?.training.sampled_steps || facts?.galleries ? [{title: 'Picture of the timeline', form: 'PNG', make: () => one.timeline.save(state)}] : [];
  return [...timeline, ...flown, whole];
}
