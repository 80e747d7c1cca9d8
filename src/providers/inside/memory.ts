import { readJson, writeJson } from "../json-file.ts";
import type { Instance, InstanceSummary } from "../provider.ts";

/**
 * What an engine said while it could be asked. It is kept in a file, because a Wakegate that starts while the
 * machine sleeps has to know all the same what there is to wake.
 */
export class Memory {
  readonly #path: string | undefined;
  readonly #expected: readonly InstanceSummary[];
  #known: Map<string, InstanceSummary | Instance>;

  /** @param expected what the configuration names, for as long as the engine was never listed. */
  constructor(path: string | undefined, expected: readonly InstanceSummary[]) {
    this.#path = path;
    this.#expected = expected;
    const kept = path === undefined ? undefined : readJson(path);
    const instances = Array.isArray(kept) ? kept.filter(isSummary) : [];
    this.#known = new Map(instances.map((instance) => [instance.id, instance]));
  }

  /** Takes a complete listing and keeps it. */
  listed(instances: readonly InstanceSummary[]): void {
    this.#known = new Map(instances.map((instance) => [instance.id, instance]));
    this.keep();
  }

  /** Takes one inspection. Undefined: the engine does not know it any more. */
  inspected(ref: string, instance: Instance | undefined): void {
    if (instance) this.#known.set(instance.id, instance);
    else
      for (const { id, name } of this.#known.values()) if (id === ref || name === ref) this.#known.delete(id);
  }

  /** @returns by id or name, asleep; undefined when nothing is known of it. */
  find(ref: string): Instance | undefined {
    return this.asleep().find(({ id, name }) => id === ref || name === ref);
  }

  /** Everything that is known, as it is while the machine sleeps. */
  asleep(): readonly Instance[] {
    const known = [...this.#known.values()];
    const names = new Set(known.flatMap(({ id, name }) => [id, name]));
    return [...known, ...this.#expected.filter(({ id }) => !names.has(id))].map(asleep);
  }

  /** Writes down what is known. A file that cannot be written costs only what it is for. */
  keep(): void {
    if (this.#path === undefined) return;
    try {
      writeJson(this.#path, [...this.#known.values()]);
    } catch {
      // The state folder tells its own problems elsewhere.
    }
  }
}

function asleep(known: InstanceSummary | Instance): Instance {
  const { pid: _pid, ...rest } = { pid: undefined, ...UNKNOWN, ...known };
  return {
    ...rest,
    status: known.status === "created" ? "created" : "exited",
    networks: known.networks.map(({ name }) => ({ name, address: "" })),
    health: "none",
  };
}

/** What only an inspection tells. */
const UNKNOWN: Pick<
  Instance,
  "runId" | "health" | "exposedPorts" | "publishedPorts" | "stopTimeoutMs" | "stopSignal" | "restartPolicy"
> = {
  runId: "",
  health: "none",
  exposedPorts: [],
  publishedPorts: [],
  stopTimeoutMs: 10_000,
  stopSignal: "SIGTERM",
  restartPolicy: "no",
};

function isSummary(value: unknown): value is InstanceSummary {
  const { id, name, labels, networks, status } = (value ?? {}) as Partial<
    Record<keyof InstanceSummary, unknown>
  >;
  return (
    typeof id === "string" &&
    typeof name === "string" &&
    typeof status === "string" &&
    typeof labels === "object" &&
    labels !== null &&
    Array.isArray(networks)
  );
}
