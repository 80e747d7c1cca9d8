import { badParameters } from "./answers.ts";
import { principalText, type Principal } from "./world.ts";

/** One task, running or over. */
export interface Task {
  readonly upid: string;
  readonly node: string;
  readonly type: string;
  readonly id: string;
  readonly who: Principal;
  readonly pid: number;
  readonly pstart: number;
  /** Seconds. */
  readonly starttime: number;
  endtime?: number;
  /** Set when it is over. */
  exit?: string;
  readonly log: string[];
  readonly interrupted: AbortController;
  readonly done: Promise<void>;
}

/** What a task does. What it throws is its error text. */
export type Work = (task: Pick<Task, "log" | "upid">, signal: AbortSignal) => Promise<void>;

const UPID =
  /^UPID:([a-zA-Z0-9-]+):([0-9A-Fa-f]{8}):([0-9A-Fa-f]{8,9}):([0-9A-Fa-f]{8}):([^:\s]+):([^:\s]*):([^:\s]+):$/;

/** The task engine: workers that run beside the answer, with a log each. */
export class Tasks {
  readonly #tasks: Task[] = [];
  #nextPid = 1_900;

  get all(): readonly Task[] {
    return this.#tasks;
  }

  /** Begins a task and returns its UPID at once. */
  begin(node: string, type: string, id: string, who: Principal, work: Work): string {
    const pid = this.#nextPid++;
    const pstart = 176_000 + pid * 7;
    const starttime = Math.floor(Date.now() / 1_000);
    const hex = (value: number): string => value.toString(16).toUpperCase().padStart(8, "0");
    const upid = `UPID:${node}:${hex(pid)}:${hex(pstart)}:${hex(starttime)}:${type}:${id}:${principalText(who)}:`;
    const interrupted = new AbortController();
    const log: string[] = [];
    const task: Task = {
      upid,
      node,
      type,
      id,
      who,
      pid,
      pstart,
      starttime,
      log,
      interrupted,
      done: Promise.resolve(),
    };
    const over = (exit: string, line?: string): void => {
      if (line !== undefined) log.push(line);
      task.exit = exit;
      task.endtime = Math.floor(Date.now() / 1_000);
    };
    // Entered in the list before it begins.
    const begun = Promise.resolve().then(() => work({ log, upid }, interrupted.signal));
    const done = begun.then(
      () => over("OK", "TASK OK"),
      (error: Error) => {
        const silent = error instanceof Silent;
        over(error.message, silent ? undefined : `TASK ERROR: ${error.message}`);
      },
    );
    Object.assign(task, { done });
    this.#tasks.unshift(task);
    return upid;
  }

  /** The task of a UPID in a path. */
  find(upid: string): Task {
    if (!UPID.test(upid)) throw badParameters({ upid: "unable to parse worker upid" });
    const task = this.#tasks.find((task) => task.upid === upid);
    if (!task) throw badParameters({ upid: "no such task" });
    return task;
  }

  running(types: readonly string[], id: string): readonly Task[] {
    return this.#tasks.filter(
      (task) => task.exit === undefined && types.includes(task.type) && task.id === id,
    );
  }

  /** Ends all workers, for the end of the simulator. */
  async stop(): Promise<void> {
    for (const { interrupted } of this.#tasks) interrupted.abort(new Error("the simulator ends"));
    await Promise.all(this.#tasks.map(({ done }) => done));
  }
}

/** Ends a task without a last line in its log, as a process that dies does. */
export class Silent extends Error {}

/** The log as it is shown: a task that has written nothing yet has one line that says so. */
export function logOf({ log }: Task): readonly { readonly n: number; readonly t: string }[] {
  const lines = log.length > 0 ? log : ["no content"];
  return lines.map((t, index) => ({ n: index + 1, t }));
}
