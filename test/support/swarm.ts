import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { startDockerd, type PrivateDockerd } from "./dockerd.ts";
import { RawDocker } from "./raw-docker.ts";

export interface ServiceOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly replicas?: number;
  readonly networks?: readonly string[];
  /** Container port to port of this machine, bound by the task's own node. */
  readonly publish?: Readonly<Record<number, number>>;
  readonly restart?: "none" | "any";
  readonly constraints?: readonly string[];
  readonly health?: readonly string[];
  /** Default: vip. Without IPVS in the kernel only dnsrr leads anywhere. */
  readonly endpoint?: "vip" | "dnsrr";
}

/** One task as tests look at it. */
export interface RawTask {
  readonly ID: string;
  readonly DesiredState: string;
  readonly Status: { readonly State: string; readonly ContainerStatus?: { readonly ContainerID?: string } };
}

/** A dockerd of our own that is the only node of a swarm. */
export class Swarm implements AsyncDisposable {
  readonly raw: RawDocker;
  readonly #dockerd: PrivateDockerd;
  readonly #turn: AsyncDisposable;

  private constructor(dockerd: PrivateDockerd, turn: AsyncDisposable) {
    this.#dockerd = dockerd;
    this.#turn = turn;
    this.raw = new RawDocker(dockerd.socketPath);
  }

  static async start(): Promise<Swarm> {
    const turn = await takeTurn();
    try {
      const swarm = new Swarm(await startDockerd(), turn);
      await swarm.raw.call("POST", "/swarm/init", { ListenAddr: "127.0.0.1:0", AdvertiseAddr: "127.0.0.1" });
      return swarm;
    } catch (error) {
      await turn[Symbol.asyncDispose]();
      throw error;
    }
  }

  get socketPath(): string {
    return this.#dockerd.socketPath;
  }

  /** @returns the id of the new service. */
  async create(name: string, options: ServiceOptions = {}): Promise<string> {
    const { env = {}, labels = {}, replicas = 0, networks = [], publish = {}, constraints, health } = options;
    const body = {
      Name: name,
      Labels: labels,
      TaskTemplate: {
        ContainerSpec: {
          Image: "wakegate/sleepy:latest",
          Env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
          StopGracePeriod: 2e9,
          ...(health && { Healthcheck: { Test: health, Interval: 3e8, Retries: 50 } }),
        },
        RestartPolicy: { Condition: options.restart ?? "any", Delay: 1e8 },
        Networks: networks.map((Target) => ({ Target })),
        ...(constraints && { Placement: { Constraints: constraints } }),
      },
      Mode: { Replicated: { Replicas: replicas } },
      EndpointSpec: {
        Mode: options.endpoint ?? "vip",
        Ports: Object.entries(publish).map(([port, host]) => ({
          Protocol: "tcp",
          TargetPort: Number(port),
          PublishedPort: host,
          PublishMode: "host",
        })),
      },
    };
    return ((await this.raw.call("POST", "/services/create", body)) as { ID: string }).ID;
  }

  /** The service's specification with these changes, as `docker service update` sends it. */
  async change(id: string, edit: (spec: Spec) => Spec): Promise<void> {
    const { Version, Spec } = await this.inspect(id);
    await this.raw.call("POST", `/services/${id}/update?version=${String(Version.Index)}`, edit(Spec));
  }

  async inspect(id: string): Promise<{ readonly Version: { readonly Index: number }; readonly Spec: Spec }> {
    return (await this.raw.call("GET", `/services/${id}`)) as {
      readonly Version: { readonly Index: number };
      readonly Spec: Spec;
    };
  }

  async tasks(id: string): Promise<readonly RawTask[]> {
    const filters = encodeURIComponent(JSON.stringify({ service: [id] }));
    return (await this.raw.call("GET", `/tasks?filters=${filters}`)) as readonly RawTask[];
  }

  async runningTasks(id: string): Promise<readonly RawTask[]> {
    return (await this.tasks(id)).filter(({ Status }) => Status.State === "running");
  }

  /** Kills the containers of its running tasks. */
  async kill(id: string): Promise<void> {
    for (const { Status } of await this.runningTasks(id)) {
      const container = Status.ContainerStatus?.ContainerID;
      if (container) await this.raw.kill(container);
    }
  }

  /** Removes it and waits until its containers are gone too; one that is not there is fine. */
  async remove(id: string): Promise<void> {
    await this.raw.call("DELETE", `/services/${id}`).catch(() => undefined);
    const filters = encodeURIComponent(JSON.stringify({ label: [`com.docker.swarm.service.id=${id}`] }));
    for (let tries = 0; tries < 200; tries++) {
      const left = (await this.raw.call("GET", `/containers/json?filters=${filters}`)) as readonly unknown[];
      if (left.length === 0) return;
      await delay(50);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dockerd[Symbol.asyncDispose]();
    await this.#turn[Symbol.asyncDispose]();
  }
}

/** Whoever listens here has the turn, and loses it with its process. */
const TURN_PORT = 42_377;

/** Two swarms on one machine are in each other's way: their gossip has one port. Resolves when nobody else has one. */
async function takeTurn(): Promise<AsyncDisposable> {
  for (;;) {
    const server = createServer();
    const taken = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(TURN_PORT, "127.0.0.1", () => resolve(true));
    });
    if (taken) {
      return {
        [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
      };
    }
    await delay(200);
  }
}

interface Spec {
  readonly Name: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Mode: { readonly Replicated: { readonly Replicas: number } };
  readonly [key: string]: unknown;
}
