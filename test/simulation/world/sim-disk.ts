import type { Disk, DiskFile } from "../../../src/store/disk.ts";
import type { Random } from "../random.ts";
import type { ProcessClock } from "./process-clock.ts";
import type { WorldClock } from "./world-clock.ts";

interface Node {
  text: string;
  /** What a power cut leaves of it. */
  synced: string | undefined;
}

/** A deed under way; `cut` says how far it gets when its process is killed now, from 0 to 1. */
interface Deed {
  readonly cut: (share: number) => void;
}

/**
 * One disk with names and contents, as the page cache shows them and as they outlive a power cut. A process that is
 * killed leaves what it wrote so far; a power cut takes what was never synced.
 */
export class SimDisk {
  readonly #world: WorldClock;
  readonly #random: Random;
  #names = new Map<string, Node>();
  #synced = new Map<string, Node>();
  readonly #deeds = new Set<Deed>();
  /** Every write fails, as if it were full. */
  full = false;
  /** The longest time that one call takes, ms. */
  slowMs = 2;

  constructor(world: WorldClock, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  read(path: string): string | undefined {
    return this.#names.get(path)?.text;
  }

  recover(): void {
    this.full = false;
    this.slowMs = 2;
  }

  /** The process that wrote was killed, its deeds done to this share. */
  killed(share: number): void {
    for (const { cut } of this.#deeds) cut(share);
    this.#deeds.clear();
  }

  /** Power was lost: names and bytes that were not synced are there, or not, or in part. */
  powerCut(share: number): void {
    this.killed(share);
    if (this.#random.chance(0.5)) this.#names = new Map(this.#synced);
    for (const node of this.#names.values()) {
      if (node.synced !== node.text && this.#random.chance(0.7))
        node.text = node.synced ?? node.text.slice(0, Math.floor(node.text.length * share));
      node.synced = node.text;
    }
    this.#synced = new Map(this.#names);
  }

  /** The disk as one process uses it. */
  for(process: ProcessClock): Disk {
    const call = <T>(deed: () => T, cut: Deed["cut"] = () => undefined): Promise<T> =>
      this.#call(process, deed, cut);
    const write = (node: Node, text: string): Promise<void> =>
      call(
        () => {
          if (this.full) throw failure("ENOSPC");
          node.text = text;
        },
        (share) => (node.text = text.slice(0, Math.floor(text.length * share))),
      );
    const file = (node: Node): DiskFile => ({
      writeFile: (text) => write(node, text),
      sync: () => call(() => void (node.synced = node.text)),
      close: () => call(() => undefined),
    });
    const folder: DiskFile = {
      writeFile: () => Promise.reject(failure("EISDIR")),
      sync: () => call(() => void (this.#synced = new Map(this.#names))),
      close: () => call(() => undefined),
    };
    return {
      open: (path, flags) =>
        call(() => {
          if (flags === "r") return folder;
          if (this.full) throw failure("ENOSPC");
          // An open for writing empties what is there.
          const node = this.#names.get(path) ?? { text: "", synced: undefined };
          node.text = "";
          this.#names.set(path, node);
          return file(node);
        }),
      rename: (from, to) => {
        const rename = (): void => {
          const node = this.#names.get(from);
          if (!node) throw failure("ENOENT");
          this.#names.delete(from);
          this.#names.set(to, node);
        };
        return call(rename, (share) => share >= 0.5 && this.#names.has(from) && rename());
      },
      readFile: (path) =>
        call(() => {
          const node = this.#names.get(path);
          if (!node) throw failure("ENOENT");
          return node.text;
        }),
      copyFile: (from, to) =>
        call(() => void this.#names.set(to, { text: this.#names.get(from)?.text ?? "", synced: undefined })),
      mkdir: () => call(() => undefined),
      rm: (path) => call(() => void this.#names.delete(path)),
      stat: () => call(() => ({ uid: 0 })),
    };
  }

  #call<T>(process: ProcessClock, deed: () => T, cut: Deed["cut"]): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const under = { cut };
      this.#deeds.add(under);
      const ms = this.#random.delay(this.slowMs);
      const act = (): void => {
        if (!this.#deeds.delete(under)) return;
        let settle: () => void;
        try {
          const result = deed();
          settle = () => resolve(result);
        } catch (error) {
          settle = () => reject(error);
        }
        process.deliver(settle);
      };
      if (ms === 0) act();
      else this.#world.after(ms, act);
    });
  }
}

function failure(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: the simulated disk says no`), { code });
}
