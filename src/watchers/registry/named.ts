import type { Instance, InstanceSummary } from "../../providers/provider.ts";
import type { EngineView } from "./engine-view.ts";
import type { Readings } from "./readings.ts";

type Listed = InstanceSummary | Instance;

/**
 * The instances of one engine by the name that each has, or would have, as a target. Made when it is first asked
 * after a listing, and kept in step with inspections: every event asks, and an engine may list thousands.
 */
export class Named {
  readonly #view: EngineView;
  readonly #readings: Readings;
  /** The listing that it was made of. Inspections change that one; a new listing is another. */
  #of: ReadonlyMap<string, Listed> | undefined;
  /** How the readings were numbered then. */
  #settings = -1;
  #ids = new Map<string, readonly string[]>();
  #names = new Map<string, string>();
  /** Looked at since. Entered when somebody asks: who asks may want to know whether the labels were read before. */
  readonly #stale = new Set<string>();

  constructor(view: EngineView, readings: Readings) {
    this.#view = view;
    this.#readings = readings;
    view.remembered.subscribe((id) => this.#stale.add(id));
  }

  get(name: string): readonly Listed[] {
    const { instances } = this.#view;
    if (this.#of !== instances || this.#settings !== this.#readings.settingsCount) {
      this.#of = instances;
      this.#settings = this.#readings.settingsCount;
      this.#ids = new Map();
      this.#names = new Map();
      for (const id of instances.keys()) this.#enter(id);
    } else for (const id of this.#stale) this.#enter(id);
    this.#stale.clear();
    return (this.#ids.get(name) ?? []).flatMap((id) => instances.get(id) ?? []);
  }

  /** Enters an instance as it is now, or takes it out when it is gone. */
  #enter(id: string): void {
    const instance = this.#of?.get(id);
    const name = instance && this.#readings.read(instance, this.#view.engine).name;
    const before = this.#names.get(id);
    if (name === before) return;
    if (before !== undefined)
      this.#put(
        before,
        (this.#ids.get(before) ?? []).filter((other) => other !== id),
      );
    if (name === undefined) this.#names.delete(id);
    else {
      this.#names.set(id, name);
      this.#put(name, [...(this.#ids.get(name) ?? []), id]);
    }
  }

  #put(name: string, ids: readonly string[]): void {
    if (ids.length > 0) this.#ids.set(name, ids);
    else this.#ids.delete(name);
  }
}
