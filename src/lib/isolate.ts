import type { Log } from "./log.ts";

/** Takes what an observer threw. */
export type ReportObserverError = (error: unknown) => void;

/** Without a service the exception surfaces as an uncaught one: a test that throws in a listener must fail. */
const surface: ReportObserverError = (error) => {
  queueMicrotask(() => {
    throw error;
  });
};

let report = surface;

/**
 * Says where exceptions of observers go until disposed; the service writes them to its log. There is one place for
 * the whole process, because no caller could handle the exception of an observer.
 */
export function reportObserverErrors(to: ReportObserverError): Disposable {
  const before = report;
  report = to;
  return {
    [Symbol.dispose]() {
      if (report === to) report = before;
    },
  };
}

/**
 * Calls an observer, which must not be able to break what it observes: an exception is reported, and the caller
 * continues. Never throws.
 */
export function isolated(observer: () => void): void {
  try {
    observer();
  } catch (error) {
    try {
      report(error);
    } catch {
      // Where the report fails too, there is nothing left to tell it to.
    }
  }
}

/** The same log, whose sink may throw: a line that cannot be written is lost, and nothing else. */
export function isolatedLog(log: Log): Log {
  const guarded =
    (level: keyof Log): Log[keyof Log] =>
    (event, message, fields) => {
      try {
        log[level](event, message, fields);
      } catch {
        return;
      }
    };
  return {
    debug: guarded("debug"),
    info: guarded("info"),
    warn: guarded("warn"),
    error: guarded("error"),
  };
}
