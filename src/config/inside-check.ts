import type { IssuePlaces } from "./file/issues.ts";
import type { Problem } from "./model.ts";
import type { EngineSpec } from "./model/engine.ts";
import { didYouMean } from "./values/suggest.ts";

/** Engines that are said to be inside of something that the file does not define. */
export function insideProblems(
  engines: readonly EngineSpec[],
  targets: readonly string[],
  places: IssuePlaces,
): readonly Problem[] {
  return engines.flatMap((engine): Problem[] => {
    if (!("inside" in engine) || engine.inside === undefined || targets.includes(engine.inside)) return [];
    const path =
      engine.kind === "command"
        ? ["targets", engine.target, "command", "inside"]
        : ["providers", engine.kind, engine.name, "inside"];
    const { inside } = engine;
    const message = `no target of this file has this name: add targets.${inside}, the machine that it runs in${didYouMean(inside, targets)}`;
    return [{ severity: "error", where: places.where(path), key: path.join("."), value: inside, message }];
  });
}
