// @ts-check
/** When to ask TensorBoard again: every few seconds, less and less often while it fails, and not for what it refused. */

import {isRefusal} from './api.js';

const POLL_MILLISECONDS = 3000;
const LONGEST = 30_000;

export class Patience {
  constructor() {
    /** The version of the run that cannot be read: no other answer is to be had before there is another version. */
    this.refused = '';
    this.pause = 0;
    this.until = 0;
  }

  /** Calls it again and again. @param {() => void} look */
  poll(look) {
    setInterval(() => performance.now() >= this.until && look(), POLL_MILLISECONDS);
  }

  answered() {
    this.pause = this.until = 0;
  }

  /** @param {unknown} error @param {string} version of the run that was asked for, "" where it is not known */
  failed(error, version) {
    if (isRefusal(error)) {
      this.refused = version;
      return;
    }
    this.pause = Math.min(LONGEST, 2 * this.pause || POLL_MILLISECONDS);
    this.until = performance.now() + this.pause;
  }

  /** Forgets what failed. */
  forget() {
    this.refused = '';
    this.answered();
  }
}
