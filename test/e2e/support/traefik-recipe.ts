import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setTimeout as pause } from "node:timers/promises";
import { parse } from "yaml";
import { afterAll, beforeAll } from "vitest";
import { startDockerd, type PrivateDockerd } from "../../support/dockerd.ts";
import { RawDocker, type ContainerOptions } from "../../support/raw-docker.ts";
import { findBinary, suite } from "../../support/require.ts";
import { startRealTraefik, type FrontTraefik, type TraefikOptions } from "../../support/traefik.ts";
import { startTraefikDouble } from "../../support/traefik-double/double.ts";
import { shakeHands, visit, type Seen, type Visit } from "../../support/visitor.ts";
import { startWakegate, type RunningWakegate } from "./wakegate.ts";

/** A folder of `examples/traefik` at work: its very flags, labels and variables. */
export interface Recipe extends AsyncDisposable {
  readonly docker: RawDocker;
  readonly network: string;
  readonly gateway: string;
  readonly front: FrontTraefik;
  readonly wakegate: RunningWakegate;
  /** Where visitors go. */
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
  readonly recipe: "provider" | "labels" | "catch-all";
  readonly front: (options: TraefikOptions) => Promise<FrontTraefik>;
  readonly docker: RawDocker;
  /** More variables for Wakegate. */
  readonly env?: Readonly<Record<string, string>>;
  /** More of Wakegate's configuration file. */
  readonly yaml?: string;
  /** Rewrites the flags of Traefik. */
  readonly flags?: (flags: readonly string[]) => readonly string[];
}

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      { labels?: Record<string, string>; command?: string[]; environment?: Record<string, string> }
    >
  >;
}

const EXAMPLES = fileURLToPath(new URL("../../../examples/traefik/", import.meta.url));
/** The token of the tests, in the place of the user's own. */
export const TOKEN = "a-token-for-the-tests-only";
/** How a visitor shows the stand-in for Authelia that they are signed in. */
export const SIGNED_IN = { Cookie: "authelia_session=good" };

/** Stands for the SSO: sends strangers away as Authelia does, browsers to its portal and programs with 401. */
const SSO = `require("http").createServer((q, s) => {
  if (/authelia_session=good/.test(q.headers.cookie ?? "")) return s.writeHead(200, { "Remote-User": "you" }).end();
  const page = (q.headers.accept ?? "").includes("text/html");
  s.writeHead(page ? 302 : 401, page ? { Location: "https://auth.example.com/?rd=x" } : {}).end();
}).listen(9091)`;

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
  const fronts = { double: startTraefikDouble, real: startRealTraefik };
  for (const [kind, front] of Object.entries(fronts)) {
    suite(kind === "real" ? ["docker", "traefik"] : ["docker"], `${name} (${kind} Traefik)`, () => {
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
  const { docker, recipe } = options;
  const network = `recipe-${String(++count)}`;
  await docker.createNetwork(network);
  const gateway = await gatewayOf(docker, network);
  const { services } = parse(
    readFileSync(`${EXAMPLES}${recipe}/compose.yaml`, "utf8").replaceAll(/\$\{TRAEFIK_TOKEN[^}]*\}/g, TOKEN),
  ) as Compose;
  const wakegate = await startWakegate({
    socketPath: docker.socketPath,
    listen: { internal: `${gateway}:9190`, public: `${gateway}:9191` },
    env: { ...services["wakegate"]?.environment, ...olderVersion(options.front), ...options.env },
    yaml: options.yaml ?? "",
  });
  const beside = async (
    name: string,
    code: string,
    labels: Readonly<Record<string, string>>,
  ): Promise<void> => {
    await docker.run(`${name}-${network}`, {
      network,
      aliases: [name],
      labels,
      cmd: ["/bin/node", "-e", code],
    });
  };
  await beside("companion", companion(gateway), services["wakegate"]?.labels ?? {});
  const sso = services["authelia"];
  if (sso) await beside("authelia", SSO, sso.labels ?? {});
  const given = services["traefik"]?.command ?? [];
  const flags = [...(options.flags?.(given) ?? given)];
  if (flags.some((flag) => flag.startsWith("--providers.http.")))
    flags.push("--providers.http.pollinterval=1s");
  const port = Number(/address=:(\d+)/.exec(flags.join("\n"))?.[1]);
  const front = await options.front({ docker, network, flags, hosts: { wakegate: gateway }, port });
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
    async [Symbol.asyncDispose]() {
      await front[Symbol.asyncDispose]();
      await wakegate[Symbol.asyncDispose]();
    },
  };
}

async function gatewayOf(docker: RawDocker, network: string): Promise<string> {
  const told = (await docker.call("GET", `/networks/${network}`)) as {
    IPAM: { Config: { Gateway: string }[] };
  };
  const gateway = told.IPAM.Config[0]?.Gateway;
  if (gateway === undefined) throw new Error(`${network} has no gateway`);
  return gateway.replace(/\/.*$/, "");
}

/** A real Traefik older than the example's is told as such. */
function olderVersion(front: RecipeOptions["front"]): Readonly<Record<string, string>> {
  const traefik = front === startRealTraefik ? findBinary("traefik") : undefined;
  if (traefik === undefined) return {};
  const told = execFileSync(traefik, ["version"], { encoding: "utf8" });
  const [, major = "3", minor = "7"] = /Version:\s+v?(\d+)\.(\d+)/.exec(told) ?? [];
  const older = major === "3" && Number(minor) < 7;
  return older ? { WAKEGATE_PUBLISH_TRAEFIK_VERSION: `${major}.${minor}` } : {};
}
