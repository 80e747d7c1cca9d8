import type { Check } from "../check.ts";
import { portOf } from "../../watchers/readiness/address.ts";
import type { Fix, Found } from "../finding.ts";
import { labelsOf } from "../labels-of.ts";
import { outcomeOf } from "../outcome.ts";
import { placesOf } from "../places.ts";
import { proxyKinds } from "../proxy-kind.ts";
import type { Probed, Scene, TargetScene } from "../scene.ts";

/** Is there still a route when the target sleeps? Proxies that follow containers forget what is stopped. */
export const survival: Check = {
  id: "route-survives",
  title: "Route survives sleep",
  layer: "proxy",
  judge(scene) {
    const found = scene.targets.flatMap((target) => judgeOne(scene, target));
    if (found.length > 0) return found;
    const asleep =
      scene.proxy.kind === "asked"
        ? scene.proxy.probes.filter((probed) => sleepsAndAsked(scene, probed))
        : [];
    if (asleep.length > 0) {
      const names = asleep.map(({ target }) => target).join(", ");
      return [{ level: "ok", sentence: `The proxy asks also for what sleeps: ${names}.` }];
    }
    if (scene.proxy.kind === "not-asked" || scene.proxy.probes.length === 0) return [];
    return [{ level: "ok", sentence: "No route comes from the labels of a container that sleeps." }];
  },
};

/** The proxy has no route for a target, because it sleeps. */
export function lostRoute(scene: Scene, probed: Probed): boolean {
  const outcome = outcomeOf(probed);
  const target = scene.targets.find(({ spec }) => spec.name === probed.target);
  return outcome.kind === "passed" && outcome.status === 404 && target !== undefined && !runs(target);
}

function sleepsAndAsked(scene: Scene, probed: Probed): boolean {
  const target = scene.targets.find(({ spec }) => spec.name === probed.target);
  return target !== undefined && !runs(target) && outcomeOf(probed).kind === "asked";
}

function runs({ instance }: TargetScene): boolean {
  return instance?.status === "running";
}

function judgeOne(scene: Scene, target: TargetScene): readonly Found[] {
  const { name } = target.spec;
  const probed =
    scene.proxy.kind === "asked" ? scene.proxy.probes.find((each) => each.target === name) : undefined;
  if (probed && lostRoute(scene, probed)) {
    return [
      {
        level: "problem",
        target: name,
        sentence: `${name} sleeps, and the proxy has no route for ${probed.host}: nothing can wake it.`,
        evidence: [`GET ${probed.host}${probed.path} answered 404`],
        fix: fixes(scene, target, proxyKinds(scene, probed).includes("caddy")),
      },
    ];
  }
  const why = willForget(scene, target);
  if (why === undefined || (probed && sleepsAndAsked(scene, probed))) return [];
  const caddy = Object.keys(target.instance?.labels ?? {}).some((key) => key.startsWith("caddy"));
  return [{ level: "problem", target: name, sentence: why, fix: fixes(scene, target, caddy) }];
}

/** What the labels say will happen to its route. */
function willForget({ settings, engines }: Scene, { spec, instance }: TargetScene): string | undefined {
  const labels = Object.entries(instance?.labels ?? {}).map(
    ([key, value]) => [key.toLowerCase(), value] as const,
  );
  const label = (name: string): string | undefined => labels.find(([key]) => key === name)?.[1];
  if (labels.some(([key]) => key.startsWith("traefik.http.routers."))) {
    if (settings.traefik && spec.traefik?.publish !== false) return undefined;
    if (settings.catchAll !== "off") return undefined;
    if (label("traefik.docker.allownonrunning")?.toLowerCase() !== "true")
      return `${spec.name} has its route from Traefik labels, which Traefik forgets as soon as the container stops: the first request after that is a 404.`;
    if (labels.some(([key]) => key.endsWith(".loadbalancer.server.url"))) return undefined;
    return `${spec.name} keeps its route while it sleeps (allownonrunning), but not its address: add one that does not change.`;
  }
  if (!labels.some(([key]) => /^caddy(_\d+)?$/.test(key))) return undefined;
  if (!engines.some(({ instances }) => instances.some(({ image }) => /caddy-docker-proxy/.test(image))))
    return undefined;
  if (labels.some(([, value]) => value.includes("{{upstreams")))
    return `${spec.name} has its address in Caddy from {{upstreams}}, which is empty while it sleeps: Caddy loads its configuration anew at each wake and sleep, and cuts all WebSockets.`;
  return undefined;
}

function fixes(scene: Scene, { spec, instance, provenPort }: TargetScene, caddy: boolean): readonly Fix[] {
  const { service, internal } = placesOf(scene);
  const port = String((instance ? portOf(spec, instance, provenPort) : spec.port) ?? 80);
  if (caddy) {
    return [
      {
        where: "compose.yaml, environment of caddy-docker-proxy",
        lines: 'CADDY_DOCKER_SCAN_STOPPED_CONTAINERS: "true"',
      },
      { where: labelsOf(spec), lines: `caddy.reverse_proxy: ${spec.name}:${port}` },
    ];
  }
  return [
    {
      where: `compose.yaml, service ${service}, and the same word for Traefik`,
      lines: "environment:\n  WAKEGATE_PUBLISH_TRAEFIK_TOKEN: <what openssl rand -hex 24 prints>",
    },
    {
      where: "Traefik's command",
      lines: `--providers.http.endpoint=http://${internal}/api/traefik/config\n--providers.http.headers.Authorization=Bearer <the same word>`,
    },
    {
      where: `or, with Traefik 3.6 or later, labels of ${spec.name}`,
      lines: `traefik.docker.allownonrunning: "true"\ntraefik.http.services.${spec.name}.loadbalancer.server.url: http://${spec.name}:${port}`,
    },
  ];
}
