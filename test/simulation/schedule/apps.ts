import type { Random } from "../random.ts";
import { PORT, type Behaviour } from "../world/box.ts";
import type { BoxPlan } from "../world/engine.ts";

/** Whose a container is. */
export type Ownership =
  /** Labelled: a target of its own. */
  | "ours"
  /** Unlabelled, but a target depends on it: woken for it, and stopped if we started it. */
  | "implied"
  /** Never to be started or stopped. */
  | "not ours";

/** One container of the world, before anything happens. */
export interface App extends BoxPlan {
  readonly owner: Ownership;
  readonly initially: "running" | "exited" | "created" | "paused" | "absent";
  /** Names of the targets that it needs. */
  readonly needs: readonly string[];
  /** How it proves that it answers. */
  readonly readiness: "http" | "none" | "healthcheck" | "tcp";
  /** The port of Wakegate's that leads to it. */
  readonly tcpPort?: number;
  readonly dryRun?: true;
}

/** The host that leads to a target. */
export function hostOf(target: string): string {
  return `${target}.example.com`;
}

/** The containers of one schedule: an app, an app with a database, a stream, and some that are not ours. */
export function makeApps(random: Random): readonly App[] {
  const apps = [
    web(random, "blog", []),
    web(random, "shop", ["db"]),
    database(random, random.chance(0.5) ? "implied" : "ours"),
  ];
  if (random.chance(0.4)) apps.push(web(random, "mail", random.chance(0.5) ? ["shop"] : ["db"]));
  if (random.chance(0.4)) apps.push(game(random));
  if (random.chance(0.5)) apps.push(bystander(random, "cron", random.chance(0.7) ? ["db"] : []));
  if (random.chance(0.3))
    apps.push({ ...bystander(random, "safe", []), labels: { "wakegate.enable": "false" } });
  return apps;
}

function web(random: Random, name: string, needs: readonly string[]): App {
  const readiness = random.weighted([
    [5, "http"],
    [2, "none"],
    [2, "healthcheck"],
  ] as const);
  return {
    ...common(random, name, needs),
    owner: "ours",
    readiness,
    labels: {
      ...composeLabels(name, needs, random),
      ...targetLabels(random),
      "wakegate.readiness.kind": readiness,
      "wakegate.hosts": hostOf(name),
      "wakegate.port": String(PORT),
    },
  };
}

function database(random: Random, owner: "ours" | "implied"): App {
  const labels = { ...composeLabels("db", [], random) };
  if (owner === "implied")
    return {
      ...common(random, "db", []),
      owner,
      readiness: "none",
      labels: { ...labels, "wakegate.readiness.kind": "none" },
    };
  const own = { ...targetLabels(random), "wakegate.readiness.kind": "healthcheck" };
  return { ...common(random, "db", []), owner, readiness: "healthcheck", labels: { ...labels, ...own } };
}

function game(random: Random): App {
  const tcpPort = 25_000;
  return {
    ...common(random, "game", []),
    owner: "ours",
    readiness: "tcp",
    tcpPort,
    labels: {
      ...targetLabels(random),
      "wakegate.port": String(PORT),
      "wakegate.tcp": `${String(tcpPort)}:${String(PORT)}`,
    },
  };
}

function bystander(random: Random, name: string, needs: readonly string[]): App {
  const labels = composeLabels(name, needs, random);
  return { ...common(random, name, needs), owner: "not ours", readiness: "none", labels };
}

function common(
  random: Random,
  name: string,
  needs: readonly string[],
): Pick<App, "name" | "needs" | "restartPolicy" | "behaviour" | "initially"> {
  return {
    name,
    needs,
    restartPolicy: random.pick(["no", "no", "always", "unless-stopped", "on-failure"]),
    behaviour: behaviour(random),
    initially: random.weighted([
      [4, "exited"],
      [4, "running"],
      [2, "created"],
      [1, "paused"],
      [1, "absent"],
    ] as const),
  };
}

function behaviour(random: Random): Behaviour {
  return {
    bootMs: random.delay(1_500),
    booting: random.pick(["refuses", "answers 503"]),
    stopMs: random.chance(0.1) ? 20_000 : random.delay(2_000),
    hangs: false,
    dies: undefined,
    bytesPerSecond: 0,
  };
}

function composeLabels(
  service: string,
  needs: readonly string[],
  random: Random,
): Readonly<Record<string, string>> {
  const condition = random.pick(["service_started", "service_healthy"]);
  return {
    "com.docker.compose.project": "home",
    "com.docker.compose.service": service,
    "com.docker.compose.container-number": "1",
    ...(needs.length > 0 && {
      "com.docker.compose.depends_on": needs.map((name) => `${name}:${condition}:false`).join(","),
    }),
  };
}

function targetLabels(random: Random): Readonly<Record<string, string>> {
  const idle = random.pick([5, 10, 20, 40]);
  const method = random.weighted([
    [5, "stop"],
    [3, "pause"],
    [1, "kill"],
  ] as const);
  const tiers = random.chance(0.2)
    ? { "wakegate.pause_after": `${String(idle)}s`, "wakegate.stop_after": `${String(idle * 3)}s` }
    : {};
  return {
    "wakegate.enable": "true",
    "wakegate.idle_timeout": `${String(idle)}s`,
    "wakegate.wake_timeout": random.pick(["2s", "4s"]),
    "wakegate.stop_method": method,
    ...tiers,
    ...(random.chance(0.3) && { "wakegate.on_manual_stop": "hold" }),
    ...(random.chance(0.2) && { "wakegate.min_uptime": "30s" }),
    ...(random.chance(0.2) && { "wakegate.stop_timeout": "2s" }),
  };
}
