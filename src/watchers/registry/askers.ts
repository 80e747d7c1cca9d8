import type { InstanceSummary } from "../../providers/provider.ts";

/** A host has a proxy or two; a flood of addresses finds no room. */
const MOST = 256;

/** Addresses that ask for verdicts. A container that has one of them is the proxy or an SSO. */
export class Askers {
  readonly #addresses = new Set<string>();
  /** Nearly every call is of the one proxy in front. */
  #last: string | undefined;
  /** True once somebody on this very machine, outside of any container, asked. */
  fromLoopback = false;

  /** True when the address is new. Loopback says nothing: everything on the machine has it. */
  note(peer: string): boolean {
    if (peer === this.#last) return false;
    this.#last = peer;
    const address = peer.startsWith("::ffff:") ? peer.slice(7) : peer;
    if (address === "::1" || address.startsWith("127.")) {
      this.fromLoopback = true;
      return false;
    }
    if (this.#addresses.has(address) || this.#addresses.size >= MOST) return false;
    this.#addresses.add(address);
    return true;
  }

  get addresses(): readonly string[] {
    return [...this.#addresses];
  }

  has(address: string): boolean {
    return this.#addresses.has(address);
  }

  is(instance: InstanceSummary): boolean {
    return this.#addresses.size > 0 && instance.networks.some(({ address }) => this.#addresses.has(address));
  }
}
