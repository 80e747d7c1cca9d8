import { writeSync } from "node:fs";
import type { Reporter, SerializedError, TestModule } from "vitest/node";

/** Ends a run with one plain line that scripts can read: `12 passed, 0 failed, 3 skipped`. */
class TotalsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const totals = { passed: 0, failed: unhandled.length, skipped: 0 };
    for (const module of modules) {
      // A file that could not be loaded has no tests, and a hook may fail outside of any.
      totals.failed += module.errors().length;
      for (const suite of module.children.allSuites()) totals.failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") totals.passed += 1;
        else if (state === "failed") totals.failed += 1;
        else totals.skipped += 1;
      }
    }
    const line = `${String(totals.passed)} passed, ${String(totals.failed)} failed, ${String(totals.skipped)} skipped\n`;
    // Last of all, after vitest's own summary and whatever the teardown prints.
    process.once("exit", () => writeSync(1, line));
  }
}

// oxlint-disable-next-line import/no-default-export -- vitest takes the default export of a reporter file.
export default TotalsReporter;
