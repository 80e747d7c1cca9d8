import { setMaxListeners } from "node:events";
import type { Clock } from "./clock.ts";

/** An abort signal together with the means to abort it and to unlink it from its parents. */
export interface LinkedSignal extends Disposable {
  readonly signal: AbortSignal;
  abort(reason: Error): void;
}

/**
 * A signal that aborts when any parent does, with that parent's reason. Dispose it when the work is over:
 * `AbortSignal.any` with a long-lived parent leaks on Node 20 (nodejs/node issues 54614 and 55351).
 */
export function linkSignals(...parents: readonly (AbortSignal | undefined)[]): LinkedSignal {
  const controller = new AbortController();
  const unlink: (() => void)[] = [];
  for (const parent of parents) {
    if (!parent) continue;
    if (parent.aborted) {
      controller.abort(parent.reason);
      break;
    }
    // A service-wide signal has hundreds of listeners, each unlinked in time: no leak to warn of.
    setMaxListeners(0, parent);
    const onAbort = (): void => controller.abort(parent.reason);
    parent.addEventListener("abort", onAbort, { once: true });
    unlink.push(() => parent.removeEventListener("abort", onAbort));
  }
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    [Symbol.dispose]: () => {
      for (const undo of unlink.splice(0)) undo();
    },
  };
}

/** The reason of a signal whose time ran out. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";
  readonly afterMs: number;

  constructor(afterMs: number, what: string) {
    super(`${what}: no answer within ${String(afterMs)} ms`);
    this.afterMs = afterMs;
  }
}

/**
 * A signal that aborts with a {@link DeadlineError} after `ms` milliseconds, or with a parent's reason before.
 * `what` names the work in the error's message. Dispose it when the work is over.
 */
export function deadline(
  clock: Clock,
  ms: number,
  what: string,
  ...parents: readonly (AbortSignal | undefined)[]
): LinkedSignal {
  const linked = linkSignals(...parents);
  const timer = clock.after(ms, () => linked.abort(new DeadlineError(ms, what)));
  return {
    signal: linked.signal,
    abort: (reason) => linked.abort(reason),
    [Symbol.dispose]: () => {
      timer[Symbol.dispose]();
      linked[Symbol.dispose]();
    },
  };
}

/** Calls `call` once when the signal aborts (at once if it has). Disposing forgets it. */
export function onAbort(signal: AbortSignal, call: (reason: unknown) => void): Disposable {
  if (signal.aborted) {
    call(signal.reason);
    return { [Symbol.dispose]: () => undefined };
  }
  setMaxListeners(0, signal);
  const listener = (): void => call(signal.reason);
  signal.addEventListener("abort", listener, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", listener) };
}
