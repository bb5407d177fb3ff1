// @ts-check
/**
 * How long ago a run's last sample came. Its stamp is of the clock of the machine that trains, which may differ from this
 * one's: what came while the page looked on is no older than that.
 */

import {duration} from './format.js';

/** @typedef {{seconds: number | null, note: string}} Age `note` says when, and what is amiss with the clocks */

/** Seconds that a stamp may be ahead of this clock, and that TensorBoard may take to load a sample. */
const [AHEAD, LATE] = [5, 120];

const WHEN = new Intl.DateTimeFormat('en-GB', {dateStyle: 'medium', timeStyle: 'medium'});

export class Freshness {
  constructor() {
    /** @type {string | null} */
    this.run = null;
    /** @type {number | null} */
    this.stamp = null;
    /** When a sample came while the page looked on. @type {number | null} */
    this.came = null;
  }

  /**
   * @param {string | null} run @param {number | null} stamp of its last sample, in seconds @param {number} now in seconds
   * @returns {Age}
   */
  age(run, stamp, now) {
    if (run === this.run && this.stamp !== null && stamp !== this.stamp) this.came = now;
    if (run !== this.run) this.came = null;
    Object.assign(this, {run, stamp});
    if (stamp === null) return {seconds: null, note: ''};
    const since = now - stamp;
    const seen = this.came === null ? null : now - this.came;
    const note = `The last sample is of ${WHEN.format(1000 * stamp)}, by the clock of the machine that trains`;
    const isAhead = since < -AHEAD || (seen !== null && since < seen - AHEAD);
    const isBehind = seen !== null && since - seen > LATE;
    if (isAhead) return {seconds: seen ?? 0, note: `${note}, which is ahead of this one.`};
    if (isBehind) return {seconds: seen, note: `${note}. It came here ${duration(since - /** @type {number} */ (seen))} later: that clock is behind, or TensorBoard loads late.`};
    return {seconds: Math.max(0, since), note: `${note}.`};
  }
}

/** @param {number} seconds */
export const agoText = (seconds) => (seconds < 5 ? 'now' : `${duration(Math.round(seconds))} ago`);
