import { onAbort } from "./signals.ts";

/** Settles with the promise, or rejects with the signal's reason at its abort, whatever the promise does. */
export function race<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const listening = onAbort(signal, reject);
    promise.then(resolve, reject).finally(() => listening[Symbol.dispose]());
  });
}
