/**
 * Names within one document: a part keeps its own name where no other target uses it, else its target's name
 * stands in front. The same whatever the order of the targets.
 */
export class Names {
  readonly #uses = new Map<string, Set<string>>();
  readonly #taken = new Set<string>();
  readonly #given = new Map<string, string>();

  /** Names of Wakegate's own: nobody else gets them. */
  constructor(reserved: Iterable<string>) {
    for (const name of reserved) this.#taken.add(name.toLowerCase());
  }

  /** Says that a target has a part of this name. All of them first, then {@link of}. */
  claim(target: string, name: string): void {
    const key = name.toLowerCase();
    const users = this.#uses.get(key);
    if (users) users.add(target);
    else this.#uses.set(key, new Set([target]));
  }

  /** The name in the document. */
  of(target: string, name: string): string {
    const key = `${target} ${name.toLowerCase()}`;
    const before = this.#given.get(key);
    if (before !== undefined) return before;
    const shared = (this.#uses.get(name.toLowerCase())?.size ?? 0) > 1;
    const wanted = shared || this.#taken.has(name.toLowerCase()) ? `${target}-${name}` : name;
    let given = wanted;
    for (let number = 2; this.#taken.has(given.toLowerCase()); number++)
      given = `${wanted}-${String(number)}`;
    this.#taken.add(given.toLowerCase());
    this.#given.set(key, given);
    return given;
  }
}
