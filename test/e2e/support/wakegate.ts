import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../../support/free-port.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";

/** A line of Wakegate's log. */
export interface LogLine {
  readonly event: string;
  readonly msg: string;
  readonly level: string;
  readonly target?: string;
  readonly [field: string]: unknown;
}

/** `wakegate serve` as a process of its own, with its own state folder, for one test. */
export interface RunningWakegate extends AsyncDisposable {
  /** `127.0.0.1:port` of the internal listener. */
  readonly internal: string;
  readonly public: string;
  readonly folder: string;
  readonly pid: number;
  /** The header of an admin for the API: the token of this installation. */
  readonly asAdmin: { readonly authorization: string };
  log(): readonly LogLine[];
  /** Resolves to the first line of that event (and target), also one from before. */
  until(event: string, target?: string, withinMs?: number): Promise<LogLine>;
  /** Writes another configuration over the one in force; it is noticed by itself. */
  configure(yaml: string): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** Starts it again after a kill, with the same state. */
  restart(): Promise<void>;
  /** SIGTERM; resolves to the exit code. */
  end(): Promise<number | null>;
}

export interface WakegateOptions {
  /** Docker's socket; the only engine unless `providers` says otherwise. Unset: process targets alone. */
  readonly socketPath?: string;
  /** The inside of `providers`, in YAML's braces, in place of one Docker engine. */
  readonly providers?: string;
  /** More of the configuration file, as YAML. */
  readonly yaml?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments for node up to the program. Default: the sources, through tsx. */
  readonly program?: readonly string[];
  /** `host:port` of both listeners. Default: free ports of 127.0.0.1. */
  readonly listen?: { readonly internal: string; readonly public: string };
}

const MAIN = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** Starts Wakegate and waits until it has listed its engine. */
export async function startWakegate(options: WakegateOptions): Promise<RunningWakegate> {
  const folder = await tempFolder("serve");
  const { internal, public: open } = options.listen ?? {
    internal: `127.0.0.1:${String(await freePort())}`,
    public: `127.0.0.1:${String(await freePort())}`,
  };
  const wakegate = new Wakegate(folder, internal, open, options);
  await wakegate.configure(options.yaml ?? "");
  await wakegate.restart();
  return wakegate;
}

class Wakegate implements RunningWakegate {
  readonly internal: string;
  readonly public: string;
  readonly folder: string;
  readonly #temp: TempFolder;
  readonly #options: WakegateOptions;
  #child: ChildProcess | undefined;
  #output = "";
  /** The end of the output that is no whole line yet. */
  #rest = "";
  /** The process is over, and everything that it wrote is here. */
  #ended = false;
  #lines: LogLine[] = [];
  #told = new Set<() => void>();

  constructor(temp: TempFolder, internal: string, open: string, options: WakegateOptions) {
    this.#temp = temp;
    this.folder = temp.path;
    this.internal = internal;
    this.public = open;
    this.#options = options;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get asAdmin(): { readonly authorization: string } {
    const token = readFileSync(join(this.folder, "state", "local-token"), "utf8").trim();
    return { authorization: `Bearer ${token}` };
  }

  log(): readonly LogLine[] {
    return this.#lines;
  }

  async configure(yaml: string): Promise<void> {
    const { socketPath } = this.#options;
    const head = [
      `listen: ${this.internal}`,
      `public_listen: ${this.public}`,
      `state_dir: ${join(this.folder, "state")}`,
      `log: { level: debug, format: json }`,
      `providers: { ${this.#options.providers ?? (socketPath === undefined ? "docker: {}" : `docker: { local: "unix://${socketPath}" }`)} }`,
    ];
    await writeFile(join(this.folder, "wakegate.yaml"), `${head.join("\n")}\n${yaml}\n`);
  }

  async restart(): Promise<void> {
    this.#lines = [];
    this.#rest = "";
    const child = spawn(
      process.execPath,
      [
        ...(this.#options.program ?? ["--import", "tsx", MAIN]),
        "serve",
        "--config",
        join(this.folder, "wakegate.yaml"),
      ],
      {
        cwd: ROOT,
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, NODE_ENV: "production", ...this.#options.env },
      },
    );
    this.#child = child;
    this.#ended = false;
    child.once("close", () => (this.#ended = true));
    child.stdout.setEncoding("utf8").on("data", (text: string) => this.#take(text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (this.#output += text));
    const onExit = (): void => void child.kill("SIGKILL");
    process.once("exit", onExit);
    child.once("close", () => process.removeListener("exit", onExit));
    await this.until("listening", undefined, 60_000);
    for (let tries = 0; ; tries++) {
      const { status } = await fetch(`http://${this.internal}/readyz`);
      if (status === 200) return;
      if (tries > 200) throw new Error(`never ready:\n${this.#output}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async until(event: string, target?: string, withinMs = 30_000): Promise<LogLine> {
    const find = (): LogLine | undefined =>
      this.#lines.find((line) => line.event === event && (target === undefined || line.target === target));
    const deadline = Date.now() + withinMs;
    for (let found = find(); ; found = find()) {
      if (found) return found;
      if (this.#ended)
        throw new Error(`it ended without ${event} of ${target ?? "anybody"}:\n${this.#output}`);
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`no ${event} of ${target ?? "anybody"} in:\n${this.#output}`);
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          this.#told.delete(done);
          resolve();
        };
        const timer = setTimeout(done, Math.min(left, 250));
        this.#told.add(done);
      });
    }
  }

  async kill(): Promise<void> {
    await this.#stop("SIGKILL");
  }

  async end(): Promise<number | null> {
    await this.#stop("SIGTERM");
    return this.#child?.exitCode ?? null;
  }

  async #stop(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, "close");
  }

  #take(text: string): void {
    this.#output += text;
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("{")) this.#lines.push(JSON.parse(line) as LogLine);
    }
    for (const told of this.#told) told();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop("SIGTERM");
    await this.#temp[Symbol.asyncDispose]();
  }
}
