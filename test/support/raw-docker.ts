import { request } from "node:http";

/** What a container of a test is made of. */
export interface ContainerOptions {
  readonly image?: string;
  /** Takes the place of the image's CMD. */
  readonly cmd?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Network name, `host`, `none` or `container:<name>`. Default: the daemon's own bridge. */
  readonly network?: string;
  /** Names it answers to on a user-defined network. */
  readonly aliases?: readonly string[];
  /** Container port to host port (0: any free one) on 127.0.0.1. */
  readonly publish?: Readonly<Record<number, number>>;
  readonly restart?: "no" | "always" | "unless-stopped" | "on-failure";
  readonly health?: {
    readonly test: readonly string[];
    readonly intervalMs?: number;
    readonly retries?: number;
  };
  readonly stopTimeoutSeconds?: number;
  readonly stopSignal?: string;
  readonly tty?: boolean;
  /** Host path to container path. */
  readonly binds?: Readonly<Record<string, string>>;
  /** Anything else of the API's create body, merged last. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** The parts of `GET /containers/{id}/json` that tests look at. */
export interface RawInspect {
  readonly Id: string;
  readonly Name: string;
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly Paused: boolean;
    readonly StartedAt: string;
    readonly ExitCode: number;
    readonly Pid: number;
    readonly Health?: { readonly Status: string };
  };
  readonly RestartCount: number;
  readonly NetworkSettings: {
    readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>>;
    readonly Ports: Readonly<Record<string, readonly { readonly HostPort: string }[] | null>>;
  };
}

/** One line of the engine's event log. */
export interface RawEvent {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly timeNano: number;
}

/** An answer that says "no". */
export class RawDockerError extends Error {
  override readonly name = "RawDockerError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The engine as tests use it: bare HTTP on its socket, none of the code under test. */
export class RawDocker {
  readonly socketPath: string;

  constructor(socketPath: string) {
    this.socketPath = socketPath;
  }

  /** Makes a container without starting it; returns its id. */
  async create(name: string, options: ContainerOptions = {}): Promise<string> {
    const { network, publish = {}, health } = options;
    const tcp = (port: string): string => `${port}/tcp`;
    const body = {
      Image: options.image ?? "wakegate/sleepy",
      ...(options.cmd && { Cmd: options.cmd }),
      Env: Object.entries(options.env ?? {}).map(([key, value]) => `${key}=${value}`),
      Labels: options.labels ?? {},
      Tty: options.tty ?? false,
      ExposedPorts: Object.fromEntries(Object.keys(publish).map((port) => [tcp(port), {}])),
      ...(options.stopTimeoutSeconds !== undefined && { StopTimeout: options.stopTimeoutSeconds }),
      ...(options.stopSignal && { StopSignal: options.stopSignal }),
      ...(health && {
        Healthcheck: {
          Test: health.test,
          Interval: (health.intervalMs ?? 1000) * 1e6,
          Retries: health.retries ?? 3,
        },
      }),
      HostConfig: {
        ...(network && { NetworkMode: network }),
        RestartPolicy: { Name: options.restart ?? "no" },
        Binds: Object.entries(options.binds ?? {}).map(([host, inside]) => `${host}:${inside}`),
        PortBindings: Object.fromEntries(
          Object.entries(publish).map(([port, hostPort]) => [
            tcp(port),
            [{ HostIp: "127.0.0.1", HostPort: hostPort === 0 ? "" : String(hostPort) }],
          ]),
        ),
      },
      ...(network &&
        options.aliases && {
          NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: options.aliases } } },
        }),
      ...options.extra,
    };
    const made = await this.call("POST", `/containers/create?name=${encodeURIComponent(name)}`, body);
    return (made as { Id: string }).Id;
  }

  /** Makes and starts a container; returns its id. */
  async run(name: string, options: ContainerOptions = {}): Promise<string> {
    const id = await this.create(name, options);
    await this.start(id);
    return id;
  }

  async start(ref: string): Promise<void> {
    await this.call("POST", `/containers/${ref}/start`);
  }

  async stop(ref: string, seconds = 10): Promise<void> {
    await this.call("POST", `/containers/${ref}/stop?t=${String(seconds)}`);
  }

  async kill(ref: string, signal = "KILL"): Promise<void> {
    await this.call("POST", `/containers/${ref}/kill?signal=${signal}`);
  }

  /** Again where the kernel did not freeze it in time, which runc gives up on when a machine is busy. */
  async pause(ref: string): Promise<void> {
    for (let left = 5; ; left--) {
      try {
        await this.call("POST", `/containers/${ref}/pause`);
        return;
      } catch (error) {
        if (left === 0 || !(error instanceof RawDockerError && /unable to freeze/.test(error.message)))
          throw error;
      }
    }
  }

  async unpause(ref: string): Promise<void> {
    await this.call("POST", `/containers/${ref}/unpause`);
  }

  /** Removes by force; a container that is not there is fine. */
  async rm(ref: string): Promise<void> {
    await this.call("DELETE", `/containers/${ref}?force=1&v=1`).catch((error: unknown) => {
      if (!(error instanceof RawDockerError && error.status === 404)) throw error;
    });
  }

  async inspect(ref: string): Promise<RawInspect> {
    return (await this.call("GET", `/containers/${ref}/json`)) as RawInspect;
  }

  /** The container's address on the network, or on its first one. */
  async address(ref: string, network?: string): Promise<string> {
    const { Networks } = (await this.inspect(ref)).NetworkSettings;
    const address = (network ? Networks[network] : Object.values(Networks)[0])?.IPAddress;
    if (!address) throw new Error(`${ref} has no address`);
    return address;
  }

  /** The host port that stands for a published container port. */
  async publishedPort(ref: string, port: number): Promise<number> {
    const bound = (await this.inspect(ref)).NetworkSettings.Ports[`${String(port)}/tcp`]?.[0];
    if (!bound) throw new Error(`${ref} does not publish ${String(port)}`);
    return Number(bound.HostPort);
  }

  /** Makes a user-defined bridge network; returns its id. */
  async createNetwork(name: string): Promise<string> {
    return ((await this.call("POST", "/networks/create", { Name: name })) as { Id: string }).Id;
  }

  async removeNetwork(name: string): Promise<void> {
    await this.call("DELETE", `/networks/${name}`);
  }

  async connect(network: string, ref: string): Promise<void> {
    await this.call("POST", `/networks/${network}/connect`, { Container: ref });
  }

  async disconnect(network: string, ref: string): Promise<void> {
    await this.call("POST", `/networks/${network}/disconnect`, { Container: ref, Force: true });
  }

  /**
   * The engine's own event log from `sinceMs` (wall time) until now, optionally of one container by id or
   * name: the proof of how often something was started. The engine keeps the last 256 events.
   */
  async events(sinceMs: number, container?: string): Promise<RawEvent[]> {
    const filters = encodeURIComponent(JSON.stringify(container ? { container: [container] } : {}));
    const since = (sinceMs / 1000).toFixed(3);
    const until = (Date.now() / 1000).toFixed(3);
    const text = await this.text("GET", `/events?since=${since}&until=${until}&filters=${filters}`);
    return text
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as RawEvent);
  }

  /** How many events of this action (`start`, `die` ...) the container had since `sinceMs`. */
  async count(action: string, container: string, sinceMs: number): Promise<number> {
    return (await this.events(sinceMs, container)).filter((event) => event.Action === action).length;
  }

  /** Any other call; answers parsed JSON, undefined for an empty body. */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const text = await this.text(method, path, body);
    return text === "" ? undefined : (JSON.parse(text) as unknown);
  }

  /** Any other call; answers the body as text. @throws RawDockerError for statuses from 400. */
  text(method: string, path: string, body?: unknown): Promise<string> {
    const { socketPath } = this;
    return new Promise((resolve, reject) => {
      const sent = body === undefined ? undefined : JSON.stringify(body);
      const headers = sent === undefined ? {} : { "Content-Type": "application/json" };
      const call = request({ socketPath, method, path, headers, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          const status = response.statusCode ?? 0;
          if (status >= 400)
            reject(new RawDockerError(status, `${method} ${path}: ${String(status)} ${text}`));
          else resolve(text);
        });
      });
      call.on("error", reject);
      call.end(sent);
    });
  }
}
