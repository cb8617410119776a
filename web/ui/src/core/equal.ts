/** Whether two values of JSON are the same; the order of keys does not count. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const one = Object.entries(a);
  const two = new Map(Object.entries(b));
  return one.length === two.size && one.every(([key, value]) => two.has(key) && equal(value, two.get(key)));
}
