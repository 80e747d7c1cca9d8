import type { DependencySpec, Problem, RouteSpec, TargetSpec } from "./model.ts";
import { formatRoute } from "./values/host-pattern.ts";

/** What the checks need to know of a target. */
export type CheckedTarget = Pick<TargetSpec, "name" | "origin" | "routes" | "dependsOn">;

/** Where a key of a target stands and how it is called; default: the target's origin, the key with dots. */
export type TargetPlace = (
  target: CheckedTarget,
  path: readonly (string | number)[],
) => { readonly where: string; readonly key: string };

const atOrigin: TargetPlace = (target, path) => ({ where: target.origin, key: path.join(".") });

/**
 * Routes that two targets claim, with the same host and prefix. The target that comes later gets the problem;
 * it names the other.
 */
export function routeConflicts(
  targets: readonly CheckedTarget[],
  place: TargetPlace = atOrigin,
): readonly Problem[] {
  const owners = new Map<string, CheckedTarget>();
  const problems: Problem[] = [];
  for (const target of targets) {
    for (const [index, route] of target.routes.entries()) {
      const owner = owners.get(routeKey(route));
      if (!owner) owners.set(routeKey(route), target);
      else if (owner !== target) {
        const message = `${owner.name} has this host already (${owner.origin}): give one of them another host or prefix`;
        problems.push({
          severity: "error",
          ...place(target, ["hosts", index]),
          value: formatRoute(route),
          message,
        });
      }
    }
  }
  return problems;
}

/** Rings of dependencies, each told once with the whole way round. */
export function dependencyCycles(
  targets: readonly CheckedTarget[],
  place: TargetPlace = atOrigin,
): readonly Problem[] {
  const byName = new Map(targets.map((target) => [target.name, target]));
  const done = new Set<string>();
  const problems: Problem[] = [];
  const visit = (target: CheckedTarget, way: readonly string[]): void => {
    for (const [index, { name }] of target.dependsOn.entries()) {
      const from = name === target.name ? way.length - 1 : way.indexOf(name);
      if (from >= 0) {
        const ring = [...way.slice(from), name].join(" -> ");
        const message = `these wait for each other and could never wake: ${ring}. Remove one of them`;
        problems.push({ severity: "error", ...place(target, ["depends_on", index]), value: name, message });
      }
      const next = byName.get(name);
      if (from < 0 && next && !done.has(name)) visit(next, [...way, name]);
    }
    done.add(target.name);
  };
  for (const target of targets) if (!done.has(target.name)) visit(target, [target.name]);
  return problems;
}

/** Dependencies for which `known` finds nothing. */
export function unknownDependencies(
  targets: readonly CheckedTarget[],
  known: (target: CheckedTarget, dependency: DependencySpec) => boolean,
  advice: string,
  place: TargetPlace = atOrigin,
): readonly Problem[] {
  return targets.flatMap((target) =>
    target.dependsOn.flatMap((dependency, index): Problem[] =>
      known(target, dependency)
        ? []
        : [
            {
              severity: "error",
              ...place(target, ["depends_on", index]),
              value: dependency.name,
              message: advice,
            },
          ],
    ),
  );
}

function routeKey({ host, prefix }: RouteSpec): string {
  return `${host} ${prefix}`;
}
