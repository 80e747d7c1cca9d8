import { sleep, type Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Job } from "./jobs/job-of.ts";
import type { Input } from "./input.ts";

/** When work of a state failed in a way that nobody expected. */
const AGAIN_MS = 1_000;

/** Whose work it is: the watcher. */
export interface Employer {
  readonly name: string;
  readonly around: { readonly clock: Clock; readonly log: Log };
  dispatch(input: Input): void;
}

/** Runs the work of one state at a time. Work that was replaced is aborted, and its result is dropped. */
export class JobRunner {
  readonly #employer: Employer;
  #work: AbortController | undefined;

  constructor(employer: Employer) {
    this.#employer = employer;
  }

  /** Ends what runs and begins `job`, if any. It is begun again should it fail. */
  start(job: Job | undefined, reason: string): void {
    this.stop(new Error(reason));
    if (!job) return;
    const work = new AbortController();
    this.#work = work;
    const run = async (): Promise<void> => {
      let input: Input;
      try {
        input = await job(work.signal);
      } catch (error) {
        if (work.signal.aborted) return;
        this.#tell(error);
        const waited = sleep(this.#employer.around.clock, AGAIN_MS, work.signal);
        void waited.then(run, () => undefined);
        return;
      }
      if (this.#work === work) this.#employer.dispatch(input);
    };
    void run();
  }

  stop(reason: Error): void {
    this.#work?.abort(reason);
    this.#work = undefined;
  }

  #tell(err: unknown): void {
    const { name, around } = this.#employer;
    around.log.error("watcher_job_failed", `${name}: ${String(err)}`, { target: name, err });
  }
}
