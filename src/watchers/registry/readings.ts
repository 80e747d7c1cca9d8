import { isDeepStrictEqual } from "node:util";
import { readLabels, type LabelReading } from "../../config/labels.ts";
import type { Settings } from "../../config/model.ts";
import type { LabelSource } from "../../providers/provider.ts";

interface Kept {
  source: LabelSource;
  readonly reading: LabelReading;
}

/**
 * What the labels of each instance say, read once for as long as everything that was read stays the same: a container
 * may be renamed, a guest gets other tags, a workload an Ingress or another image. Kept by engine and id, because two
 * clusters may both have a `default/deployment/blog`.
 */
export class Readings {
  #settings: Settings;
  /** By engine, then by the instance's id. */
  #kept = new Map<string, Map<string, Kept>>();
  /** How often the settings were changed: what was made of readings before holds no more. */
  settingsCount = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Other settings may mean other readings. */
  reset(settings: Settings): void {
    this.#settings = settings;
    this.#kept = new Map();
    this.settingsCount++;
  }

  read(instance: LabelSource, engine: string): LabelReading {
    const { id } = instance;
    let ofEngine = this.#kept.get(engine);
    if (!ofEngine) this.#kept.set(engine, (ofEngine = new Map()));
    const kept = ofEngine.get(id);
    if (kept && isSame(kept.source, instance)) {
      // The instance is in memory anyway: of equal text there need not be two.
      kept.source = instance;
      return kept.reading;
    }
    const reading = readLabels(instance, engine, this.#settings);
    ofEngine.set(id, { source: instance, reading });
    return reading;
  }

  /** The reading that was made last, without making one. */
  known(engine: string, id: string): LabelReading | undefined {
    return this.#kept.get(engine)?.get(id)?.reading;
  }

  /** Forgets instances that do not exist any more. */
  prune(exists: (engine: string, id: string) => boolean): void {
    for (const [engine, kept] of this.#kept) {
      for (const id of kept.keys()) if (!exists(engine, id)) kept.delete(id);
      if (kept.size === 0) this.#kept.delete(engine);
    }
  }
}

type Parts = { readonly [K in keyof LabelSource]-?: (a: LabelSource, b: LabelSource) => boolean };

/** How each part that is read is compared: without one of them this does not compile. */
const SAME: Parts = {
  id: (a, b) => a.id === b.id,
  name: (a, b) => a.name === b.name,
  image: (a, b) => a.image === b.image,
  unfit: (a, b) => a.unfit === b.unfit,
  labels: (a, b) => a.labels === b.labels || isDeepStrictEqual(a.labels, b.labels),
  ingress: (a, b) => a.ingress === b.ingress || isDeepStrictEqual(a.ingress, b.ingress),
  // Of a network only the name is read: the address is another one after each start.
  networks: (a, b) =>
    a.networks.length === b.networks.length &&
    a.networks.every(({ name }, index) => name === b.networks[index]?.name),
};
const COMPARISONS = Object.values(SAME);

function isSame(a: LabelSource, b: LabelSource): boolean {
  return a === b || COMPARISONS.every((same) => same(a, b));
}
