import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const SCRIPT = new URL("./manager.sh", import.meta.url).pathname;
const SLEEPY = new URL("../images/sleepy.mjs", import.meta.url).pathname;

/** One sleepy app under the small service manager of `manager.sh`. */
export class ManagedApp {
  readonly #dir: string;
  readonly #name: string;

  constructor(dir: string, name: string) {
    this.#dir = dir;
    this.#name = name;
  }

  /** The command for a verb, as a configuration has it. */
  argv(verb: "start" | "stop" | "status" | "kill"): string[] {
    return ["/bin/sh", SCRIPT, verb, this.#dir, this.#name];
  }

  /** Says what the app's next start gets. */
  async prepare(env: Readonly<Record<string, string>>): Promise<void> {
    const all = { NODE: process.execPath, SLEEPY, ...env };
    const lines = Object.entries(all).map(([key, value]) => `${key}='${value}'`);
    await writeFile(this.#file("env"), `${lines.join("\n")}\n`);
  }

  /** Runs a verb behind everybody's back. */
  async run(verb: "start" | "stop" | "kill"): Promise<void> {
    const [shell = "", ...args] = this.argv(verb);
    await promisify(execFile)(shell, args);
  }

  /** Makes the next starts fail. */
  async refuse(): Promise<void> {
    await writeFile(this.#file("refuses"), "");
  }

  /** Makes the status fail, or work again. */
  async silence(on: boolean): Promise<void> {
    const path = join(this.#dir, "silent");
    await (on ? writeFile(path, "") : rm(path, { force: true }));
  }

  get listens(): boolean {
    return existsSync(this.#file("log")) && readFileSync(this.#file("log"), "utf8").includes("listening");
  }

  #file(ending: string): string {
    return join(this.#dir, `${this.#name}.${ending}`);
  }
}
