// @ts-check
/** Which groups of rows the reader opened and closed: "+" and "-" before the key of each, alone for all of them. */

/** The oldest of more are forgotten: the address has to hold them. */
export const MOST_GROUPS = 24;

/** @param {string[]} groups @param {string} key @returns {boolean | null} null where the reader did neither */
export function folded(groups, key) {
  const said = [...groups].reverse().find((group) => group.length === 1 || group.slice(1) === key);
  return said === undefined ? null : said[0] === '+';
}

/** @param {string[]} groups @param {string} key @param {boolean} open @returns {string[]} */
export function fold(groups, key, open) {
  const others = groups.filter((group) => group.slice(1) !== key);
  const [all, named] = [others.filter((group) => group.length === 1), others.filter((group) => group.length > 1)];
  return [...all, ...named.slice(1 - MOST_GROUPS + all.length), `${open ? '+' : '-'}${key}`];
}

/** @param {boolean} open @returns {string[]} */
export const foldAll = (open) => [open ? '+' : '-'];
