import { insideOf } from "../../config/inside.ts";
import { readLabels } from "../../config/labels.ts";
import type { Settings } from "../../config/model.ts";
import type { EngineListing } from "../../providers/list-once.ts";
import { implicitTarget } from "./implicit.ts";
import { makePlan, type Plan } from "./plan.ts";

/** The plan of a configuration and of what each engine listed once, for those who only want to look. */
export function planOfListings(settings: Settings, listings: readonly EngineListing[]): Plan {
  return makePlan({
    engines: listings.map(({ engine, snapshot }) => ({
      engine,
      instances: snapshot?.instances ?? [],
      listed: snapshot !== undefined,
      inside: insideOf(settings.engines, engine),
      ...(snapshot?.selfId !== undefined && { selfId: snapshot.selfId }),
    })),
    fileTargets: settings.targets,
    fileNames: settings.fileTargets,
    reserved: [settings.listen, settings.publicListen],
    read: (instance, engine) => readLabels(instance, engine, settings),
    implicit: (instance, engine) => implicitTarget(instance, engine, settings),
  });
}
