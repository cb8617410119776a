/** Sums that people type into number fields: `512*1.5`, `2^64-1`, `max(64, 100/3)`. A small grammar, read by recursive
 * descent. Whole numbers stay exact, whatever their size; everything else is a double. */

import type { Told } from "./types";

export type Numeric = number | bigint;

export type Outcome =
  | { readonly ok: true; readonly value: Numeric }
  /** `at`: the index of the character that does not fit. */
  | { readonly ok: false; readonly at: number; readonly error: Told };

/** Longer sums, deeper brackets and larger whole numbers are refused. */
const LONGEST = 1000;
const DEEPEST = 50;
const MOST_BITS = 4096n;

class Misfit extends Error {
  constructor(
    readonly at: number,
    readonly key: string,
    readonly args: Readonly<Record<string, string | number>> = {},
  ) {
    super(key);
  }
}

interface Token {
  readonly kind: "number" | "name" | "sign" | "end";
  readonly text: string;
  readonly at: number;
}

const TOKEN = /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|([A-Za-zπ]+)|(\*\*|[-+*/%^(),×÷−·]))/y;
const SAME: ReadonlyMap<string, string> = new Map([
  ["**", "^"],
  ["×", "*"],
  ["·", "*"],
  ["÷", "/"],
  ["−", "-"],
]);

/** The value of a sum, or what is wrong with it. `1,5` alone is one and a half. */
export function evaluate(text: string): Outcome {
  const decimal = /^\s*([+-]?\d+),(\d+)\s*$/.exec(text);
  try {
    if (text.length > LONGEST) throw new Misfit(LONGEST, "long");
    return { ok: true, value: new Reader(tokens(decimal ? `${decimal[1]}.${decimal[2]}` : text)).whole() };
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    return { ok: false, at: error.at, error: { key: `widgets:sum.${error.key}`, args: error.args } };
  }
}

function tokens(text: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) {
      const at = from + (text.slice(from).length - text.slice(from).trimStart().length);
      throw new Misfit(at, "character", { found: String.fromCodePoint(text.codePointAt(at) ?? 32) });
    }
    const [whole, number, name, sign] = match;
    const word = number ?? name ?? sign ?? "";
    const kind = number !== undefined ? "number" : name !== undefined ? "name" : "sign";
    found.push({ kind, text: SAME.get(word) ?? word, at: from + whole.length - word.length });
  }
  return [...found, { kind: "end", text: "", at: text.length }];
}

/** Reads one sum; each method is a rule of the grammar. */
class Reader {
  private index = 0;
  private depth = 0;

  constructor(private readonly all: readonly Token[]) {}

  whole(): Numeric {
    const value = this.sum();
    const rest = this.next();
    if (rest.kind !== "end") throw new Misfit(rest.at, "unexpected", { found: rest.text });
    if (typeof value === "number" && !Number.isFinite(value)) throw new Misfit(0, "infinite");
    return value;
  }

  /** term (+|- term)* */
  private sum(): Numeric {
    let value = this.term();
    for (let sign = this.takes("+", "-"); sign; sign = this.takes("+", "-")) value = apply(sign, value, this.term());
    return value;
  }

  /** signed (*|/|% signed)* */
  private term(): Numeric {
    let value = this.signed();
    for (let sign = this.takes("*", "/", "%"); sign; sign = this.takes("*", "/", "%"))
      value = apply(sign, value, this.signed());
    return value;
  }

  /** -signed | power: as in mathematics, -2^2 is -4. */
  private signed(): Numeric {
    const sign = this.takes("+", "-");
    if (!sign) return this.power();
    const value = this.deeper(sign.at, () => this.signed());
    return sign.text === "-" ? -value : value;
  }

  /** atom (^ signed)?: from right to left, 2^3^2 is 2^9. */
  private power(): Numeric {
    const base = this.atom();
    const sign = this.takes("^");
    return sign
      ? apply(
          sign,
          base,
          this.deeper(sign.at, () => this.signed()),
        )
      : base;
  }

  /** number | pi | name(sum, …) | (sum) */
  private atom(): Numeric {
    const token = this.next();
    if (token.kind === "number") return literal(token);
    if (token.kind === "name") return this.named(token);
    if (token.text === "(") {
      const value = this.deeper(token.at, () => this.sum());
      this.closed();
      return value;
    }
    throw new Misfit(token.at, token.kind === "end" ? "unfinished" : "unexpected", { found: token.text });
  }

  private named(token: Token): Numeric {
    const name = token.text.toLowerCase();
    if (name === "pi" || name === "π") return Math.PI;
    const known = FUNCTIONS.get(name);
    if (!known) throw new Misfit(token.at, "name", { found: token.text });
    if (!this.takes("(")) throw new Misfit(this.next().at, "bracket", { found: token.text });
    const values = [this.deeper(token.at, () => this.sum())];
    while (this.takes(",")) values.push(this.sum());
    this.closed();
    const result = known(values);
    if (result === null) throw new Misfit(token.at, "arguments", { found: token.text });
    return checked(result, token.at);
  }

  private closed(): void {
    if (this.takes(")")) return;
    const found = this.next();
    throw new Misfit(found.at, found.kind === "end" ? "unfinished" : "unexpected", { found: found.text });
  }

  private deeper(at: number, read: () => Numeric): Numeric {
    if (++this.depth > DEEPEST) throw new Misfit(at, "deep");
    const value = read();
    this.depth--;
    return value;
  }

  private next(): Token {
    const token = this.all[this.index] ?? { kind: "end", text: "", at: 0 };
    this.index++;
    return token;
  }

  private takes(...signs: string[]): Token | null {
    const token = this.all[this.index];
    if (token?.kind !== "sign" || !signs.includes(token.text)) return null;
    this.index++;
    return token;
  }
}

const literal = ({ text, at }: Token): Numeric => (/^\d+$/.test(text) ? checked(BigInt(text), at) : Number(text));

const isWhole = (value: Numeric): value is bigint => typeof value === "bigint";

const EXACT: Readonly<Record<string, (a: bigint, b: bigint) => Numeric | null>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => (b !== 0n && a % b === 0n ? a / b : null),
  "%": (a, b) => (b === 0n ? null : ((a % b) + b) % b),
  "^": (a, b) => (b >= 0n && bits(a) * b <= MOST_BITS ? a ** b : null),
};

const INEXACT: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  /* The remainder has the divisor's sign, as on the server. */
  "%": (a, b) => a - b * Math.floor(a / b),
  "^": (a, b) => a ** b,
};

const bits = (value: bigint) => BigInt((value < 0n ? -value : value).toString(2).length);

function apply(sign: Token, a: Numeric, b: Numeric): Numeric {
  if ((sign.text === "/" || sign.text === "%") && Number(b) === 0) throw new Misfit(sign.at, "zero");
  const exact = isWhole(a) && isWhole(b) ? EXACT[sign.text]?.(a, b) : null;
  return checked(exact ?? INEXACT[sign.text]?.(Number(a), Number(b)) ?? Number.NaN, sign.at);
}

function checked(value: Numeric, at: number): Numeric {
  if (isWhole(value) ? bits(value) > MOST_BITS : !Number.isFinite(value)) throw new Misfit(at, "infinite");
  return value;
}

const compared = (pick: (a: Numeric, b: Numeric) => boolean) => (values: readonly Numeric[]) =>
  values.reduce((best, value) => (pick(value, best) ? value : best));

const one = (compute: (value: Numeric) => Numeric) => (values: readonly Numeric[]) =>
  values.length === 1 && values[0] !== undefined ? compute(values[0]) : null;

const toWhole = (round: (value: number) => number) =>
  one((value) => (isWhole(value) || !Number.isFinite(value) ? value : BigInt(round(value))));

/** None where the number of arguments does not fit. */
const FUNCTIONS: ReadonlyMap<string, (values: readonly Numeric[]) => Numeric | null> = new Map([
  ["min", compared((a, b) => a < b)],
  ["max", compared((a, b) => a > b)],
  ["round", toWhole(Math.round)],
  ["floor", toWhole(Math.floor)],
  ["ceil", toWhole(Math.ceil)],
  ["sqrt", one((value) => Math.sqrt(Number(value)))],
]);
