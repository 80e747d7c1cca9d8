/** A fault that somebody could make, as a change of one place in the source. */
export interface Mutant {
  readonly name: string;
  /** What is wrong with it. */
  readonly fault: string;
  /** Below the repository's root. */
  readonly file: string;
  /** Must be there exactly once: when the line moves on, the patch is to be thought about again. */
  readonly find: string;
  readonly put: string;
}

/** The faults that the simulation has to find. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "stop-without-recheck",
    fault: "a stop that does not look whether somebody came while it was written down",
    file: "src/watchers/jobs/idle.ts",
    find: "    if (activity.uses === uses && isDue(bench, state)) {",
    put: "    {",
  },
  {
    name: "event-trusted",
    fault: "an event that is believed without an inspection",
    file: "src/watchers/registry/engine-view.ts",
    find: "    this.lookAt(change.id);\n  }",
    put: `    const known = this.#instances.get(change.id);
    const status = { started: "running", unpaused: "running", died: "exited", paused: "paused" }[change.cause as string];
    if (known && status) {
      const told = { ...known, status } as Instance;
      this.#instances.set(change.id, told);
      this.#listener.onInspected(this, change.id, told);
    } else this.lookAt(change.id);
  }`,
  },
  {
    name: "lost-waiter",
    fault: "a wake that fails without telling those who wait for it",
    file: "src/watchers/watcher.ts",
    find: "    this.changed.emit();\n    isolated(() => this.#audience.stepped(this, before, after));",
    put: '    if (after.kind !== "error") this.changed.emit();\n    isolated(() => this.#audience.stepped(this, before, after));',
  },
  {
    name: "needed-dependency-stopped",
    fault: "a dependency that is stopped although an awake target needs it",
    file: "src/watchers/jobs/holders.ts",
    find: "const needed = around.neededBy();",
    put: "const needed: readonly string[] = [];",
  },
  {
    name: "state-file-in-place",
    fault: "a state file that is written in place, without a rename",
    file: "src/store/atomic-write.ts",
    find: "export function temporaryName(path: string): string {\n  return `${path}.tmp`;\n}",
    put: 'export function temporaryName(path: string): string {\n  return path.endsWith(".json") ? path : `${path}.tmp`;\n}',
  },
  {
    name: "timer-survives-removal",
    fault: "a timer that goes on after its target was removed",
    file: "src/watchers/watcher.ts",
    find: "    this.orders[Symbol.dispose]();\n",
    put: "",
  },
  {
    name: "wake-issued-twice",
    fault: "a start that is sent twice",
    file: "src/watchers/jobs/wake.ts",
    find: "await around.provider.wake(there, life, patience).then(",
    put: "await Promise.all([around.provider.wake(there, life, patience), around.provider.wake(there, life, patience)]).then(",
  },
  {
    name: "pool-overdrawn",
    fault: "a pool that lets in one more than it has places for",
    file: "src/watchers/pools/ledger.ts",
    find: "return less(amount, { awake: maxAwake, bytes: budgetBytes });",
    put: "return less(amount, { awake: maxAwake + 1, bytes: budgetBytes });",
  },
  {
    name: "room-for-what-is-used",
    fault: "a target that makes room although it is used",
    file: "src/watchers/jobs/idle.ts",
    find: "if (!forced && seen?.inUse !== false) {",
    put: 'if (!forced && seen?.inUse !== false && asked.how !== "room") {',
  },
];
