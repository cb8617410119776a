/** Whether two documents say the same. */

/** Equal by value; parts that are the same object are not looked into, so that it is quick after an edit. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const mine = Object.entries(a);
  const theirs: Readonly<Record<string, unknown>> = Object.fromEntries(Object.entries(b));
  if (mine.length !== Object.keys(theirs).length) return false;
  return mine.every(([key, value]) => Object.hasOwn(theirs, key) && same(value, theirs[key]));
}
