import type { Problem, Settings } from "../config/model.ts";
import { messageOf } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { AsyncStack } from "../lib/disposables.ts";
import { listOnce, type EngineListing } from "../providers/list-once.ts";
import { openProvider } from "../providers/open.ts";
import type { InstanceSummary, Provider } from "../providers/provider.ts";
import { planOfListings } from "../watchers/registry/plan-of-listings.ts";
import { gather } from "./gather/gather.ts";
import type { KnownEngine } from "./gather/look-at-engine.ts";
import { reportOn, type Report } from "./report.ts";

/** What is examined without a running service. */
export interface AloneInput {
  readonly settings: Settings;
  /** Warnings of the configuration. */
  readonly warnings: readonly Problem[];
  /** Why the service was not reached; unset: nobody wanted to ask it. */
  readonly serviceDown?: string;
  readonly clock: Clock;
}

/** Examines what can be seen from here by the configuration alone. */
export async function examineAlone(input: AloneInput, signal: AbortSignal): Promise<Report> {
  const { settings, warnings, serviceDown, clock } = input;
  await using open = new AsyncStack();
  const engines = await Promise.all(settings.engines.map((spec) => listed(spec, clock, open)));
  const plan = planOfListings(
    settings,
    engines.map(({ listing }) => listing),
  );
  const planned = [...plan.targets.values()];
  const known = engines.flatMap(({ provider, listing }): KnownEngine[] => {
    if (!provider) return [];
    const self = selfOf(listing);
    return [
      {
        provider,
        instances: listing.snapshot?.instances ?? [],
        ...(self && { self }),
        ...(listing.failure !== undefined && { outage: listing.failure }),
        targets: new Set(
          planned.flatMap(({ engine, instance }) => (engine === listing.engine ? (instance ?? []) : [])),
        ),
      },
    ];
  });
  const scene = await gather(
    {
      settings,
      problems: [...warnings, ...plan.problems],
      engines: known,
      targets: planned.map(({ spec, engine, instance }) => {
        const at = known.find(({ provider }) => provider.engine === engine);
        return {
          spec,
          ...(at && { provider: at.provider }),
          ...(instance !== undefined && { instance }),
          instances: at?.instances ?? [],
          ...(at?.self && { self: at.self }),
        };
      }),
      ...(serviceDown !== undefined && { serviceDown }),
    },
    clock,
    signal,
  );
  return reportOn(scene);
}

interface Listed {
  readonly provider?: Provider;
  readonly listing: EngineListing;
}

async function listed(spec: Settings["engines"][number], clock: Clock, open: AsyncStack): Promise<Listed> {
  try {
    const provider = open.use(await openProvider(spec, { clock }));
    return { provider, listing: await listOnce(provider, clock) };
  } catch (error) {
    return { listing: { engine: spec.name, failure: messageOf(error) } };
  }
}

function selfOf({ snapshot }: EngineListing): InstanceSummary | undefined {
  return snapshot?.instances.find(({ id }) => id === snapshot.selfId);
}
