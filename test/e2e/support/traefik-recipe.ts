import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setTimeout as pause } from "node:timers/promises";
import { parse } from "yaml";
import { afterAll, beforeAll } from "vitest";
import { AsyncStack } from "../../../src/lib/disposables.ts";
import { AUTHELIA, SIGNED_IN } from "../../support/authelia-stand-in.ts";
import type { TraefikVersion } from "../../../src/publish/traefik/version.ts";
import { startDockerd, type PrivateDockerd } from "../../support/dockerd.ts";
import { RawDocker, type ContainerOptions } from "../../support/raw-docker.ts";
import { findBinary, suite, type Engine } from "../../support/require.ts";
import { startRealTraefik, type FrontTraefik, type TraefikOptions } from "../../support/traefik.ts";
import { startTraefikDouble } from "../../support/traefik-double/double.ts";
import { shakeHands, visit, type Seen, type Visit } from "../../support/visitor.ts";
import { gatewayOf } from "./gateway-of.ts";
import { startWakegate, type RunningWakegate } from "./wakegate.ts";

/** A folder of `examples/traefik` at work: its very flags, labels and variables. */
export interface Recipe extends AsyncDisposable {
  readonly docker: RawDocker;
  readonly network: string;
  readonly gateway: string;
  readonly front: FrontTraefik;
  readonly wakegate: RunningWakegate;
  /** Kills Wakegate with its container and starts both again; resolves when Wakegate answers. */
  restartWakegate(): Promise<void>;
  /** The labels of a service of the example. */
  labelsOf(service: string): Readonly<Record<string, string>>;
  /** Traefik's. */
  readonly version: TraefikVersion;
  /** Where visitors go: the first entry point. */
  readonly port: number;
  readonly tls: boolean;
  /** Makes an app's container with these labels beside Wakegate's, without starting it. */
  app(name: string, labels: Readonly<Record<string, string>>, more?: ContainerOptions): Promise<void>;
  /** Waits until Traefik has the routes that Wakegate publishes now, or those of the labels. */
  settled(): Promise<void>;
  /** A visit of somebody who is signed in. */
  visitOf(host: string, more?: Partial<Visit>): Visit;
  /** One request of a signed-in visitor. */
  get(host: string, more?: Partial<Visit>): Promise<Seen>;
  webSocket(host: string, more?: Partial<Visit>): Promise<{ status: number; echo?: string }>;
  /** How often the container was started since. */
  starts(name: string, since: number): Promise<number>;
}

/** Which recipe, and what to add. */
export interface RecipeOptions {
  readonly recipe: "provider" | "labels" | "catch-all" | "tcp";
  readonly front: (options: TraefikOptions) => Promise<FrontTraefik>;
  readonly docker: RawDocker;
  /** More variables for Wakegate; undefined takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** More of Wakegate's configuration file. */
  readonly yaml?: string;
  /** Programs that it needs beside Docker. */
  readonly needs?: readonly Engine[];
  /** As Traefik 2.11, which is here as a double alone. */
  readonly major?: 2;
  /** Rewrites the flags of Traefik. */
  readonly flags?: (flags: readonly string[]) => readonly string[];
}

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        labels?: Record<string, string>;
        command?: string[];
        environment?: Record<string, string>;
        healthcheck?: { disable?: boolean };
      }
    >
  >;
}

const EXAMPLES = fileURLToPath(new URL("../../../examples/traefik/", import.meta.url));
/** The token of the tests, in the place of the user's own. */
export const TOKEN = "a-token-for-the-tests-only";
/** Stands for Wakegate's container, which here is a process: leads to its public listener. */
const companion = (gateway: string): string => `const net = require("net");
net.createServer((a) => {
  const b = net.connect(9191, "${gateway}");
  a.pipe(b).pipe(a);
  for (const s of [a, b]) s.on("error", () => (a.destroy(), b.destroy()));
}).listen(9191)`;

let count = 0;

/**
 * Runs one body against the double, and against the real Traefik where there is one. The recipe is there when
 * the tests run, and gone after them.
 */
export function eachTraefik(
  name: string,
  options: Omit<RecipeOptions, "front" | "docker">,
  body: (recipe: () => Recipe) => void,
): void {
  const fronts: Readonly<Record<string, RecipeOptions["front"]>> =
    options.major === 2
      ? { "double as 2.11": (how) => startTraefikDouble({ ...how, major: 2 }) }
      : { double: startTraefikDouble, real: startRealTraefik };
  for (const [kind, front] of Object.entries(fronts)) {
    const needs: readonly Engine[] = ["docker", ...(options.needs ?? [])];
    suite(kind === "real" ? [...needs, "traefik"] : needs, `${name} (${kind} Traefik)`, () => {
      let recipe: Recipe | undefined;
      let dockerd: PrivateDockerd | undefined;
      beforeAll(async () => {
        dockerd = await startDockerd();
        recipe = await startRecipe({ ...options, front, docker: new RawDocker(dockerd.socketPath) });
      });
      afterAll(async () => {
        await recipe?.[Symbol.asyncDispose]();
        await dockerd?.[Symbol.asyncDispose]();
      });
      body(() => {
        if (!recipe) throw new Error("the recipe did not start");
        return recipe;
      });
    });
  }
}

async function startRecipe(options: RecipeOptions): Promise<Recipe> {
  const stack = new AsyncStack();
  try {
    return await stageRecipe(options, stack);
  } catch (error) {
    await stack[Symbol.asyncDispose]();
    throw error;
  }
}

async function stageRecipe(options: RecipeOptions, stack: AsyncStack): Promise<Recipe> {
  const { docker, recipe } = options;
  const network = `recipe-${String(++count)}`;
  await docker.createNetwork(network);
  const gateway = await gatewayOf(docker, network);
  const version = versionOf(options.front);
  const { services } = parse(
    readFileSync(`${EXAMPLES}${recipe}/compose.yaml`, "utf8").replaceAll(/\$\{TRAEFIK_TOKEN[^}]*\}/g, TOKEN),
  ) as Compose;
  const wakegate = stack.use(
    await startWakegate({
      socketPath: docker.socketPath,
      listen: { internal: `${gateway}:9190`, public: `${gateway}:9191` },
      env: defined({
        ...services["wakegate"]?.environment,
        ...(version[1] < 7 ? { WAKEGATE_PUBLISH_TRAEFIK_VERSION: version.join(".") } : {}),
        ...options.env,
      }),
      yaml: options.yaml ?? "",
    }),
  );
  const beside = async (
    name: string,
    code: string,
    labels: Readonly<Record<string, string>>,
    more: ContainerOptions = {},
  ): Promise<void> => {
    await docker.run(`${name}-${network}`, {
      ...more,
      network,
      aliases: [name],
      labels,
      cmd: ["/bin/node", "-e", code],
    });
  };
  const ours = services["wakegate"];
  const health = ours?.healthcheck?.disable === true ? undefined : imageHealth();
  await beside("companion", companion(gateway), ours?.labels ?? {}, health ? { health } : {});
  const sso = services["authelia"];
  if (sso) await beside("authelia", AUTHELIA, sso.labels ?? {});
  const given = services["traefik"]?.command ?? [];
  const flags = [...(options.flags?.(given) ?? given)];
  if (flags.some((flag) => flag.startsWith("--providers.http.")))
    flags.push("--providers.http.pollinterval=1s");
  const port = Number(/address=:(\d+)/.exec(flags.join("\n"))?.[1]);
  const front = stack.use(
    await options.front({ docker, network, flags, hosts: { wakegate: gateway }, port }),
  );
  const tls = port === 443;
  const visitOf = (host: string, more: Partial<Visit> = {}): Visit => ({
    address: front.address,
    port,
    tls,
    host,
    ...more,
    headers: { ...(sso ? SIGNED_IN : {}), ...more.headers },
  });
  return {
    docker,
    network,
    gateway,
    front,
    wakegate,
    async restartWakegate() {
      await Promise.all([wakegate.kill(), docker.kill(`companion-${network}`)]);
      await Promise.all([wakegate.restart(), docker.start(`companion-${network}`)]);
    },
    labelsOf: (service) => services[service]?.labels ?? {},
    version,
    port,
    tls,
    async app(name, labels, more = {}) {
      await docker.create(name, {
        network,
        labels: { "wakegate.enable": "true", "traefik.enable": "true", ...labels },
        ...more,
      });
    },
    // A poll every second, a throttle of 2 s.
    settled: () => pause(4500),
    visitOf,
    get: (host, more) => visit(visitOf(host, more)),
    webSocket: (host, more) => shakeHands(visitOf(host, more)),
    starts: (name, since) => docker.count("start", name, since),
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

/** How often the image's own health check asks; the companion answers it at once. */
function imageHealth(): ContainerOptions["health"] {
  const dockerfile = readFileSync(new URL("../../../Dockerfile", import.meta.url), "utf8");
  const line = /^HEALTHCHECK (?!NONE)(.*)$/m.exec(dockerfile)?.[1];
  if (line === undefined) return undefined;
  const seconds = Number(/--interval=(\d+)s/.exec(line)?.[1] ?? 30);
  return { test: ["CMD", "/bin/true"], intervalMs: seconds * 1000 };
}

/** What the real one says of itself; the double is as the examples have it. */
function versionOf(front: RecipeOptions["front"]): TraefikVersion {
  const traefik = front === startRealTraefik ? findBinary("traefik") : undefined;
  const told = traefik === undefined ? "" : execFileSync(traefik, ["version"], { encoding: "utf8" });
  const [, major = "3", minor = "7"] = /Version:\s+v?(\d+)\.(\d+)/.exec(told) ?? [];
  return [Number(major), Number(minor)];
}

function defined(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
