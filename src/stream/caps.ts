/** Counts the connections of one target, in all and for each client. */
export class Caps {
  readonly #perClient = new Map<string, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  /** A place until disposed, or which limit is reached. */
  take(
    client: string,
    limits: { readonly maxConnections: number; readonly maxPerClient: number },
  ): Disposable | "target" | "client" {
    const count = this.#perClient.get(client) ?? 0;
    if (this.#total >= limits.maxConnections) return "target";
    if (count >= limits.maxPerClient) return "client";
    this.#total += 1;
    this.#perClient.set(client, count + 1);
    let open = true;
    return {
      [Symbol.dispose]: () => {
        if (!open) return;
        open = false;
        this.#total -= 1;
        const left = (this.#perClient.get(client) ?? 1) - 1;
        if (left > 0) this.#perClient.set(client, left);
        else this.#perClient.delete(client);
      },
    };
  }
}
