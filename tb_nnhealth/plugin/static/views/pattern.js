// @ts-check
/** A filter that a reader types: a regular expression, whatever the case. */

/** @param {string} text @returns {{pattern: RegExp, fault: ''} | {pattern: null, fault: string}} what it lets through, or why it cannot be read */
export function readPattern(text) {
  try {
    return {pattern: new RegExp(text, 'i'), fault: ''};
  } catch (error) {
    const why = /** @type {Error} */ (error).message.replace(/^Invalid regular expression: (.*: )?/, '');
    return {pattern: null, fault: `Not a regular expression yet (${why}).`};
  }
}
