import { isDeepStrictEqual } from "node:util";
import { readLabels, type LabelReading } from "../../config/labels.ts";
import type { Settings } from "../../config/model.ts";
import type { InstanceSummary } from "../../providers/provider.ts";

interface Kept {
  labels: InstanceSummary["labels"];
  readonly reading: LabelReading;
}

/**
 * What the labels of each instance say, read once. Kept with the labels that were read: a container's never
 * change, a guest's may.
 */
export class Readings {
  #settings: Settings;
  #kept = new Map<string, Kept>();
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

  read(instance: InstanceSummary, engine: string): LabelReading {
    const { id, labels } = instance;
    const kept = this.#kept.get(id);
    if (kept && (kept.labels === labels || isDeepStrictEqual(kept.labels, labels))) {
      // The instance has them anyway: of the same text there need not be two.
      kept.labels = labels;
      return kept.reading;
    }
    const reading = readLabels(instance, engine, this.#settings);
    this.#kept.set(id, { labels, reading });
    return reading;
  }

  /** The reading that was made last, without making one. */
  known(id: string): LabelReading | undefined {
    return this.#kept.get(id)?.reading;
  }

  /** Forgets instances that do not exist any more. */
  prune(exists: (id: string) => boolean): void {
    for (const id of this.#kept.keys()) if (!exists(id)) this.#kept.delete(id);
  }
}
