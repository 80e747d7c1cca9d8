import type { InstanceSummary } from "../../providers/provider.ts";

/** Addresses that ask for verdicts. A container that has one of them is the proxy or an SSO. */
export class Askers {
  readonly #addresses = new Set<string>();

  /** True when the address is new. Loopback says nothing: everything on the machine has it. */
  note(peer: string): boolean {
    const address = peer.startsWith("::ffff:") ? peer.slice(7) : peer;
    if (this.#addresses.has(address) || address === "::1" || address.startsWith("127.")) return false;
    this.#addresses.add(address);
    return true;
  }

  is(instance: InstanceSummary): boolean {
    return this.#addresses.size > 0 && instance.networks.some(({ address }) => this.#addresses.has(address));
  }
}
