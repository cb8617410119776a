/** The real server as a process: started on a free port, killed, and started again at the same address. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const UI = fileURLToPath(new URL("..", import.meta.url));
export const ROOT = path.resolve(UI, "../..");
const PACKS = path.join(ROOT, "tests/web/pack");

/** `light` has no device: it starts in half a second, and only nodes that need no model run. `real` samples with the
 * mini model, and takes ten seconds to its first picture. */
export type Variant = "light" | "real";

export interface Options {
  readonly variant: Variant;
  /** A folder to serve as the editor. */
  readonly editor: string;
  /** Further options of `main.py serve`. */
  readonly args?: readonly string[];
  /** Which of the tests' node packs are installed. */
  readonly packs: readonly string[];
}

/** Milliseconds after which a start is given up. */
const PATIENCE = 240_000;
const DEVICE: Readonly<Record<Variant, readonly string[]>> = {
  light: ["--device", "none"],
  real: ["--preview-method", "auto"],
};

/** The interpreter that has the project's requirements: $PYTHON, or that of the project's own environment. */
export function python(): string {
  const own = path.join(ROOT, process.platform === "win32" ? ".venv/Scripts/python.exe" : ".venv/bin/python");
  const found = process.env["PYTHON"] ?? (existsSync(own) ? own : null);
  if (!found) throw new Error(`There is no ${own}: run python3 -m tests once, or set PYTHON to an interpreter.`);
  return found;
}

/** A server with a data folder of its own. */
export class Server {
  /** What it has printed. */
  readonly log: string[] = [];
  /** It was ended since somebody last said otherwise: the page will have noticed. */
  interrupted = false;
  private process: ChildProcess | null = null;
  private address = "";

  private constructor(
    readonly data: string,
    private readonly options: Options,
  ) {}

  static async start(options: Options): Promise<Server> {
    const data = await mkdtemp(path.join(tmpdir(), "inkwater-e2e-"));
    for (const pack of options.packs)
      await cp(path.join(PACKS, pack), path.join(data, "packs", pack), { recursive: true });
    const made = new Server(data, options);
    await made.begin("0");
    return made;
  }

  /** "http://127.0.0.1:43210", the same for its whole life. */
  get url(): string {
    return this.address;
  }

  get runs(): boolean {
    return this.process !== null;
  }

  /** kill -9: what it has not written is lost. Its worker ends by itself. */
  async kill(): Promise<void> {
    await this.end("SIGKILL");
  }

  /** The orderly end. */
  async stop(): Promise<void> {
    await this.end("SIGTERM");
  }

  /** Start it again at the same address, on the same data. */
  async restart(): Promise<void> {
    if (this.process) await this.end("SIGTERM");
    await this.begin(new URL(this.address).port);
  }

  /** End it and take its data away. */
  async dispose(): Promise<void> {
    await this.end("SIGTERM");
    await rm(this.data, { recursive: true, force: true, maxRetries: 5 });
  }

  /** The JSON at a path of the server; throws with its sentence when it refuses. */
  async ask<T>(method: "GET" | "POST" | "PUT" | "DELETE", at: string, body?: unknown): Promise<T> {
    const sent =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
    const answer = await fetch(this.address + at, { method, ...sent });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${at}: ${answer.status} ${text.slice(0, 400)}`);
    return JSON.parse(text || "null") as T;
  }

  private async begin(port: string): Promise<void> {
    const { variant, editor, args = [] } = this.options;
    const own = ["--port", port, "--data", this.data, "--front-end-root", editor, ...DEVICE[variant], ...args];
    const env = { OMP_WAIT_POLICY: "PASSIVE", ...process.env };
    const child = spawn(python(), [path.join(ROOT, "main.py"), "serve", ...own], { cwd: ROOT, env });
    this.process = child;
    this.address = await this.listening(child);
  }

  private listening(child: ChildProcess): Promise<string> {
    return new Promise((done, fail) => {
      const told = () => new Error(`the server did not start:\n${this.log.slice(-20).join("\n")}`);
      const timer = setTimeout(() => fail(told()), PATIENCE);
      child.once("exit", () => fail(told()));
      const read = (chunk: Buffer) => {
        for (const line of chunk.toString().split("\n").filter(Boolean)) {
          this.log.push(line);
          const found = /^Inkwater listens on (http:\/\/[^/\s]+)/.exec(line)?.[1];
          if (!found) continue;
          clearTimeout(timer);
          done(found);
        }
      };
      child.stdout?.on("data", read);
      child.stderr?.on("data", read);
    });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.process;
    this.process = null;
    this.interrupted = true;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once("exit", done));
    child.kill(signal);
    await gone;
  }
}
