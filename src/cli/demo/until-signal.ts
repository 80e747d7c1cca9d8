/** A wait for the end of the program that takes its listeners back. */
export interface UntilSignal extends Disposable {
  /** Resolves with the name of the first signal that came. */
  readonly reason: Promise<NodeJS.Signals>;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Waits for SIGINT (Ctrl-C), SIGTERM or SIGHUP (the terminal was closed). More of them change nothing. */
export function untilSignal(): UntilSignal {
  let tell: (signal: NodeJS.Signals) => void;
  const reason = new Promise<NodeJS.Signals>((resolve) => (tell = resolve));
  const listener = (signal: NodeJS.Signals): void => tell(signal);
  for (const signal of SIGNALS) process.on(signal, listener);
  return {
    reason,
    [Symbol.dispose]() {
      for (const signal of SIGNALS) process.removeListener(signal, listener);
    },
  };
}
