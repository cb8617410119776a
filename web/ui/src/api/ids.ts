/** An id that nothing else has: 128 random bits in hex. `crypto.randomUUID` is missing from pages that come over plain
 * http from another machine, as a server in the house's own net does. */
export const freshId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
