import { actingContract } from "./acting.ts";
import { lookingContract } from "./looking.ts";
import { ContractRig, type ContractWorld } from "./rig.ts";
import { watchingContract } from "./watching.ts";

/** The one suite that every provider passes. Call it inside a `describe`. */
export function providerContract(open: () => Promise<ContractWorld>): void {
  const rig = new ContractRig(open);
  lookingContract(rig);
  actingContract(rig);
  watchingContract(rig);
}
