import { request, type ClientRequest } from "node:http";
import type { RawDocker } from "../raw-docker.ts";
import type { DynamicConfig, Router, TcpRouter } from "./dynamic-config.ts";
import type { Major } from "./static-config.ts";

interface Inspected {
  readonly Name: string;
  readonly State: { readonly Status: string; readonly Health?: { readonly Status: string } };
  readonly Config: { readonly Labels: Readonly<Record<string, string>> };
  readonly NetworkSettings: {
    readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>>;
    readonly Ports: Readonly<Record<string, unknown>>;
  };
}

/** How the provider is set. */
export interface DockerSettings {
  readonly docker: RawDocker;
  readonly network: string;
  readonly exposedByDefault: boolean;
  readonly major: Major;
}

const THROTTLE_MS = 2000;

/**
 * Follows the engine: lists all again on start, die and changes of health (and on nothing else, pauses
 * included), the first change at once and others at most every two seconds.
 */
export function followDocker(settings: DockerSettings, told: (config: DynamicConfig) => void): Disposable {
  const { docker } = settings;
  let over = false;
  let nextAt = 0;
  let timer: NodeJS.Timeout | undefined;
  const list = async (): Promise<void> => {
    const config = await build(settings);
    if (!over) told(config);
  };
  const changed = (): void => {
    if (timer || over) return;
    const wait = Math.max(0, nextAt - Date.now());
    timer = setTimeout(() => {
      timer = undefined;
      nextAt = Date.now() + THROTTLE_MS;
      list().catch(() => undefined);
    }, wait);
  };
  changed();
  const filters = encodeURIComponent(JSON.stringify({ type: ["container"] }));
  const stream: ClientRequest = request(
    { socketPath: docker.socketPath, path: `/events?filters=${filters}`, agent: false },
    (response) => {
      let rest = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
          const { Action } = JSON.parse(line) as { Action: string };
          if (Action === "start" || Action === "die" || Action.startsWith("health_status")) changed();
        }
      });
    },
  );
  stream.on("error", () => undefined);
  stream.end();
  return {
    [Symbol.dispose]() {
      over = true;
      clearTimeout(timer);
      stream.destroy();
    },
  };
}

async function build(settings: DockerSettings): Promise<DynamicConfig> {
  const { docker } = settings;
  const config = { routers: {}, services: {}, middlewares: {} };
  const tcp = { routers: {}, services: {} };
  const listed = (await docker.call("GET", "/containers/json?all=1")) as { Id: string }[];
  for (const { Id } of listed) {
    const container = (await docker.call("GET", `/containers/${Id}/json`).catch(() => undefined)) as
      Inspected | undefined;
    if (!container) continue;
    const own = ofContainer(container, settings);
    for (const kind of ["routers", "services", "middlewares"] as const)
      Object.assign(config[kind], own?.[kind]);
    Object.assign(tcp.routers, own?.tcp.routers);
    Object.assign(tcp.services, own?.tcp.services);
  }
  return { ...config, tcp };
}

function ofContainer(
  container: Inspected,
  { network, exposedByDefault, major }: DockerSettings,
): DynamicConfig | undefined {
  const { State, Config, NetworkSettings, Name } = container;
  const labels = Object.fromEntries(
    Object.entries(Config.Labels).map(([key, value]) => [key.toLowerCase(), value]),
  );
  if ((labels["traefik.enable"] ?? String(exposedByDefault)) !== "true") return undefined;
  const running = State.Status === "running";
  const healthy = !State.Health || State.Health.Status === "healthy";
  const stays = major >= 3 && labels["traefik.docker.allownonrunning"] === "true";
  if (!stays && !(running && healthy)) return undefined;
  const http = unflatten(labels, "http");
  const own = Name.slice(1);
  const services: Record<string, unknown> = {};
  const named = Object.keys(http["services"] ?? {});
  for (const name of named.length > 0 ? named : [own]) {
    const { server = {}, ...rest } = ((http["services"]?.[name] as Tree | undefined)?.["loadbalancer"] ??
      {}) as Record<string, Tree>;
    const port =
      (server["port"] as string | undefined) ?? Object.keys(NetworkSettings.Ports)[0]?.split("/")[0] ?? "";
    const address = NetworkSettings.Networks[network]?.IPAddress ?? "";
    const fixed = major >= 3 ? (server["url"] as string | undefined) : undefined;
    // A port without a running container leaves a server with an empty URL, which is answered with 500.
    const url = fixed ?? (running ? `http://${address}:${port}` : "");
    const kept = fixed !== undefined || running || server["port"] !== undefined;
    services[name] = { loadBalancer: { ...rest, servers: kept ? [{ url }] : [] } };
  }
  const routers: Record<string, Router> = {};
  for (const [name, router] of Object.entries(http["routers"] ?? {}) as [string, Record<string, string>][]) {
    const list = (text: string | undefined): string[] => text?.split(",").map((item) => item.trim()) ?? [];
    const service = router["service"] ?? Object.keys(services)[0] ?? own;
    if (router["service"] === undefined && Object.keys(services).length > 1) continue;
    routers[name] = {
      rule: router["rule"] ?? "",
      service,
      ...(router["entrypoints"] ? { entryPoints: list(router["entrypoints"]) } : {}),
      middlewares: list(router["middlewares"]),
      priority: Number(router["priority"] ?? 0),
      ...(router["tls"] ? { tls: {} } : {}),
    };
  }
  const tcp = running ? tcpOf(labels, NetworkSettings.Networks[network]?.IPAddress ?? "") : NO_TCP;
  return { routers, services, middlewares: http["middlewares"] ?? {}, tcp } as unknown as DynamicConfig;
}

const NO_TCP: DynamicConfig["tcp"] = { routers: {}, services: {} };

function tcpOf(labels: Readonly<Record<string, string>>, address: string): DynamicConfig["tcp"] {
  const { routers = {}, services = {} } = unflatten(labels, "tcp") as Record<string, Record<string, Tree>>;
  const list = (text: unknown): string[] => String(text).split(",");
  return {
    routers: Object.fromEntries(
      Object.entries(routers).map(([name, router]) => [
        name,
        {
          ...(router as unknown as TcpRouter),
          service: (router["service"] as string | undefined) ?? Object.keys(services)[0] ?? "",
          ...(router["entrypoints"] ? { entryPoints: list(router["entrypoints"]) } : {}),
        },
      ]),
    ),
    services: Object.fromEntries(
      Object.entries(services).map(([name, service]) => {
        const { server } = service["loadbalancer"] as { server?: { port?: string } };
        return [name, { loadBalancer: { servers: [{ address: `${address}:${server?.port ?? ""}` }] } }];
      }),
    ),
  };
}

type Tree = { [key: string]: Tree | string };

function unflatten(labels: Readonly<Record<string, string>>, protocol: "http" | "tcp"): Record<string, Tree> {
  const root: Tree = {};
  for (const [label, value] of Object.entries(labels)) {
    if (!label.startsWith(`traefik.${protocol}.`)) continue;
    const path = label.split(".").slice(2);
    let node = root;
    for (const part of path.slice(0, -1)) {
      const next = node[part];
      node = typeof next === "object" ? next : (node[part] = {});
    }
    node[path.at(-1) ?? ""] = value;
  }
  return root as Record<string, Tree>;
}
