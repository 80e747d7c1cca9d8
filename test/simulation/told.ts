import type { InstanceStatus } from "../../src/providers/provider.ts";
import type { Happening } from "./happening.ts";

/** What Wakegate has been told of one container so far. */
export interface ToldBox {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly networkOwner: string | undefined;
  readonly address: string;
  readonly status: InstanceStatus;
  /** Empty: only a listing told of it. */
  readonly run: string;
  readonly unhealthy: boolean;
  readonly createdAt: number;
  /** Monotonic ms at which a stop signal for this run was told. */
  readonly signalledAt: number | undefined;
  /** It proved in this run that it answers. */
  readonly proved: boolean;
  /** Serial number of the telling. */
  readonly at: number;
}

const ENDING = new Set(["SIGTERM", "SIGKILL", "SIGINT", "SIGQUIT", "SIGABRT"]);

/** The ledger of everything that the engine told the running Wakegate: what safety is judged against. */
export class Told {
  readonly #boxes = new Map<string, ToldBox>();
  #at = 0;
  away = false;
  listed = false;

  get boxes(): ReadonlyMap<string, ToldBox> {
    return this.#boxes;
  }

  get now(): number {
    return this.#at;
  }

  named(name: string): readonly ToldBox[] {
    return [...this.#boxes.values()].filter((box) => box.name === name);
  }

  hear(happening: Happening, monotonic: number): void {
    this.#at++;
    switch (happening.kind) {
      case "began":
      case "killed":
      case "closed":
        this.#boxes.clear();
        this.away = false;
        this.listed = false;
        return;
      case "away":
        this.away = true;
        return;
      case "listed":
        this.away = false;
        this.listed = true;
        this.#list(happening.instances);
        return;
      case "told":
        if (happening.instance) this.#see(happening.instance);
        else this.#boxes.delete(happening.id);
        return;
      case "event": {
        const box = this.#boxes.get(happening.id);
        if (box?.status === "running" && happening.signal !== undefined && ENDING.has(happening.signal))
          this.#boxes.set(box.id, { ...box, signalledAt: monotonic });
        return;
      }
      case "proved":
        for (const id of happening.ids) {
          const box = this.#boxes.get(id);
          if (box?.status === "running")
            this.#boxes.set(id, { ...box, proved: true, signalledAt: undefined });
        }
        return;
      default:
    }
  }

  #list(instances: (Happening & { kind: "listed" })["instances"]): void {
    const before = new Map(this.#boxes);
    this.#boxes.clear();
    for (const instance of instances) {
      const known = before.get(instance.id);
      this.#boxes.set(instance.id, {
        ...pick(instance),
        // A listing does not tell one run from another.
        run: known?.run ?? "",
        unhealthy: known?.unhealthy ?? false,
        signalledAt: known?.signalledAt,
        proved: known?.proved ?? false,
        at: this.#at,
      });
    }
  }

  #see(instance: NonNullable<(Happening & { kind: "told" })["instance"]>): void {
    const known = this.#boxes.get(instance.id);
    const same = known?.run === instance.runId;
    const running = instance.status === "running";
    this.#boxes.set(instance.id, {
      ...pick(instance),
      run: instance.runId,
      unhealthy: instance.health === "unhealthy",
      signalledAt: same && running ? known.signalledAt : undefined,
      // What is paused is proved anew when it goes on; what fell ill, too.
      proved: same && running && known.proved && (known.unhealthy || instance.health !== "unhealthy"),
      at: this.#at,
    });
  }
}

function pick(instance: (Happening & { kind: "listed" })["instances"][number]) {
  const { id, name, labels, networkOwner, status, createdAt, networks } = instance;
  return { id, name, labels, networkOwner, status, createdAt, address: networks[0]?.address ?? "" };
}
