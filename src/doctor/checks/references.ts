import type { InstanceSummary } from "../../providers/provider.ts";
import type { Check } from "../check.ts";
import type { Found } from "../finding.ts";
import { labelsOf } from "../labels-of.ts";
import type { Scene } from "../scene.ts";

/** Do health checks of the proxy, or references to labels of what sleeps, work against Wakegate? */
export const references: Check = {
  id: "references",
  title: "Health checks and references",
  layer: "proxy",
  judge(scene) {
    const found = [...healthChecks(scene), ...danglingReferences(scene)];
    if (found.length > 0 || !scene.targets.some(({ instance }) => traefikLabels(instance).length > 0))
      return found;
    return [{ level: "ok", sentence: "No label makes Traefik watch, or refer to, something that sleeps." }];
  },
};

function traefikLabels(instance: InstanceSummary | undefined): readonly (readonly [string, string])[] {
  return Object.entries(instance?.labels ?? {}).filter(([key]) => /^traefik\./i.test(key));
}

/** Traefik's own checks would call a sleeping app down, and go on saying so for a while after it woke. */
function healthChecks({ targets, settings }: Scene): readonly Found[] {
  return targets.flatMap(({ spec, instance }) => {
    const labels = traefikLabels(instance).filter(([key]) =>
      /\.loadbalancer\.(passive)?healthcheck\./i.test(key),
    );
    if (labels.length === 0) return [];
    const published = settings.traefik !== undefined && spec.traefik?.publish !== false;
    return [
      {
        level: published ? ("warning" as const) : ("problem" as const),
        target: spec.name,
        sentence: published
          ? `Traefik's health check of ${spec.name} is left out of what Wakegate publishes: a sleeping app would count as down. Remove it.`
          : `Traefik's health check calls ${spec.name} down while it sleeps, and after a wake until its next look: visitors get 503.`,
        evidence: labels.map(([key]) => key),
        fix: [
          {
            where: `${labelsOf(spec)}: remove`,
            lines: labels.map(([key]) => `${key}: …`).join("\n"),
          },
        ],
      },
    ];
  });
}

const DEFINES = /^traefik\.http\.(middlewares|services)\.([^.]+)\./i;
const REFERS = /^traefik\.http\.routers\.([^.]+)\.(middlewares|service)$/i;

/** What a router names has to be defined by something that does not sleep, unless it sleeps as well. */
function danglingReferences({ engines, targets, settings }: Scene): readonly Found[] {
  const all = engines.flatMap(({ instances }) => instances);
  const sleepers = new Map(
    targets.flatMap(({ spec, instance }) => (instance ? [[instance.id, spec.name] as const] : [])),
  );
  const owners = new Map<string, InstanceSummary[]>();
  for (const instance of all) {
    for (const [key] of traefikLabels(instance)) {
      const [, kind = "", name = ""] = DEFINES.exec(key) ?? [];
      if (kind === "") continue;
      const id = `${kind}/${name}`.toLowerCase();
      const known = owners.get(id) ?? [];
      if (!known.includes(instance)) owners.set(id, [...known, instance]);
    }
  }
  return all.flatMap((instance) =>
    traefikLabels(instance).flatMap(([key, value]): Found[] => {
      const [, router = "", kind = ""] = REFERS.exec(key) ?? [];
      if (kind === "") return [];
      const wanted = kind.toLowerCase() === "service" ? "services" : "middlewares";
      return value.split(",").flatMap((written): Found[] => {
        const [name = "", provider = "docker"] = written.trim().split("@");
        if (provider !== "docker" || name === "") return [];
        const defined = owners.get(`${wanted}/${name}`.toLowerCase()) ?? [];
        const own = defined.includes(instance);
        if (own || (wanted === "services" && defined.length === 0)) return [];
        const steady = defined.some(({ id, status }) => !sleepers.has(id) && status === "running");
        if (steady) return [];
        const target = sleepers.get(instance.id);
        // Both are published with what they refer to.
        if (defined.length > 0 && target !== undefined && settings.traefik) return [];
        const owner = defined[0];
        return [
          {
            level: "problem",
            ...(target !== undefined && { target }),
            sentence: owner
              ? `Traefik's router ${router} of ${instance.name} uses ${name}@docker from the labels of ${owner.name}, which go away while that sleeps: the router fails then.`
              : `Traefik's router ${router} of ${instance.name} uses ${name}@docker, which no container defines: Traefik refuses the router.`,
            evidence: [`${key}: ${value}`],
            fix: [
              owner
                ? {
                    where: "compose.yaml: move to a service that always runs, such as Traefik's own",
                    lines: definitions(owner, wanted, name),
                  }
                : {
                    where: `compose.yaml, labels of ${instance.name}: remove ${name} from`,
                    lines: `${key}: ${value}`,
                  },
            ],
          },
        ];
      });
    }),
  );
}

function definitions(owner: InstanceSummary, kind: string, name: string): string {
  const prefix = `traefik.http.${kind}.${name}.`.toLowerCase();
  const keys = traefikLabels(owner).filter(([key]) => key.toLowerCase().startsWith(prefix));
  // Values of middlewares may be password hashes.
  return keys.map(([key]) => `${key}: …`).join("\n");
}
