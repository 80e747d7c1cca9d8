import { passesWhenReady } from "./01-passes-when-ready.ts";
import { nothingInUseSleeps } from "./02-nothing-in-use-sleeps.ts";
import { oneStartAtATime } from "./03-one-start-at-a-time.ts";
import { stoppingLetsNobodyThrough } from "./04-stopping-lets-nobody-through.ts";
import { nobodyLeavesAnything } from "./05-nobody-leaves-anything.ts";
import { aKillChangesNothing } from "./06-a-kill-changes-nothing.ts";
import { dependenciesFirst } from "./07-dependencies-first.ts";
import { failuresAreTold } from "./08-failures-are-told.ts";
import { onlyWhatIsOurs } from "./09-only-what-is-ours.ts";
import { whateverTheEngineDoes } from "./10-whatever-the-engine-does.ts";
import { poolsAreNeverOverdrawn } from "./11-pools-are-never-overdrawn.ts";
import type { Invariant } from "./invariant.ts";

/** The eleven rules: ten in the order of the design, and that of pools. */
export const INVARIANTS: readonly Invariant[] = [
  passesWhenReady,
  nothingInUseSleeps,
  oneStartAtATime,
  stoppingLetsNobodyThrough,
  nobodyLeavesAnything,
  aKillChangesNothing,
  dependenciesFirst,
  failuresAreTold,
  onlyWhatIsOurs,
  whateverTheEngineDoes,
  poolsAreNeverOverdrawn,
];
