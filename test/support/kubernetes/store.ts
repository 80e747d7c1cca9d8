import { randomUUID } from "node:crypto";
import { Emitter } from "../../../src/lib/emitter.ts";
import { ApiError, conflict, notFound, qualified } from "./answers.ts";
import { apiVersionOf, type Kind, type KubeObject } from "./kinds.ts";

/** One entry of the history. */
export interface Happened {
  readonly revision: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly kind: Kind;
  readonly object: KubeObject;
}

/**
 * All objects with one history, as etcd keeps it: every write raises the one revision that all share, an object's
 * resourceVersion is the revision of its last write, and what is compacted cannot be told any more.
 */
export class Store {
  readonly happened = new Emitter<Happened>();
  readonly #objects = new Map<string, KubeObject>();
  #history: Happened[] = [];
  #revision = 1_000;
  #compacted = 0;

  get revision(): number {
    return this.#revision;
  }

  /** The oldest revision from which the history can still be told on. */
  get oldest(): number {
    return this.#compacted;
  }

  list(kind: Kind, namespace?: string): KubeObject[] {
    const prefix = namespace === undefined ? `${qualified(kind)} ` : `${qualified(kind)} ${namespace}/`;
    return [...this.#objects]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => object);
  }

  get(kind: Kind, namespace: string, name: string): KubeObject | undefined {
    return this.#objects.get(keyOf(kind, namespace, name));
  }

  mustGet(kind: Kind, namespace: string, name: string): KubeObject {
    const found = this.get(kind, namespace, name);
    if (!found) throw notFound(kind, name);
    return found;
  }

  create(kind: Kind, given: KubeObject): KubeObject {
    const { name, namespace } = given.metadata;
    if (this.get(kind, namespace, name))
      throw new ApiError(409, "AlreadyExists", `${qualified(kind)} "${name}" already exists`);
    return this.#write("ADDED", kind, {
      ...given,
      apiVersion: apiVersionOf(kind),
      kind: kind.kind,
      metadata: {
        ...given.metadata,
        uid: randomUUID(),
        generation: 1,
        creationTimestamp: new Date().toISOString(),
      },
    });
  }

  /**
   * Replaces an object by what `change` makes of it. Nothing is written where nothing changed. With `expected`, only
   * when that is still its version.
   */
  update(
    kind: Kind,
    namespace: string,
    name: string,
    change: (before: KubeObject) => KubeObject,
    expected?: string,
  ): KubeObject {
    const before = this.mustGet(kind, namespace, name);
    if (expected !== undefined && expected !== "" && expected !== before.metadata.resourceVersion)
      throw conflict(kind, name);
    const after = change(before);
    if (JSON.stringify(before) === JSON.stringify(after)) return before;
    const generation = before.metadata.generation ?? 1;
    const specChanged = JSON.stringify(before["spec"]) !== JSON.stringify(after["spec"]);
    return this.#write("MODIFIED", kind, {
      ...after,
      metadata: { ...after.metadata, generation: specChanged ? generation + 1 : generation },
    });
  }

  delete(kind: Kind, namespace: string, name: string): void {
    const object = this.mustGet(kind, namespace, name);
    this.#objects.delete(keyOf(kind, namespace, name));
    this.#tell("DELETED", kind, object);
  }

  /** What happened after a revision; undefined where that is compacted. */
  since(revision: number): readonly Happened[] | undefined {
    return revision < this.#compacted
      ? undefined
      : this.#history.filter((happened) => happened.revision > revision);
  }

  /** Forgets the history up to now. */
  compact(): void {
    this.#compacted = this.#revision;
    this.#history = [];
  }

  #write(type: Happened["type"], kind: Kind, object: KubeObject): KubeObject {
    const written = this.#tell(type, kind, object);
    const { namespace, name } = written.metadata;
    this.#objects.set(keyOf(kind, namespace, name), written);
    this.happened.emit({ revision: this.#revision, type, kind, object: written });
    return written;
  }

  #tell(type: Happened["type"], kind: Kind, given: KubeObject): KubeObject {
    this.#revision++;
    const metadata = { ...given.metadata, resourceVersion: String(this.#revision) };
    const object = { ...given, metadata };
    const happened = { revision: this.#revision, type, kind, object };
    this.#history.push(happened);
    if (type === "DELETED") this.happened.emit(happened);
    return object;
  }
}

function keyOf(kind: Kind, namespace: string, name: string): string {
  return `${qualified(kind)} ${namespace}/${name}`;
}
