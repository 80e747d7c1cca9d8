import { setTimeout as pause } from "node:timers/promises";
import { images } from "./images.ts";
import type { RawDocker } from "./raw-docker.ts";
import { findBinary } from "./require.ts";
import { probe } from "./visitor.ts";

/** A Traefik, real or its double, on a network of the tests' engine. */
export interface FrontTraefik extends AsyncDisposable {
  /** Address of its entry points, as visitors reach them. */
  readonly address: string;
  /** Ends it hard and starts it again. */
  restart(): Promise<void>;
  /** What it printed so far. */
  output(): Promise<string>;
}

/** How a Traefik of the tests is started. */
export interface TraefikOptions {
  readonly docker: RawDocker;
  readonly network: string;
  /** Its static configuration, as on the command line. */
  readonly flags: readonly string[];
  /** Names beside those of containers. */
  readonly hosts: Readonly<Record<string, string>>;
  /** A port that answers once it is up. */
  readonly port: number;
}

/** Runs the real binary in a container, so that it resolves the names of the others as it does in life. */
export async function startRealTraefik(options: TraefikOptions): Promise<FrontTraefik> {
  const { docker, network, flags, hosts, port } = options;
  const name = `traefik-${network}`;
  await docker.run(name, {
    // With the C library, which a Traefik of the machine's own may need.
    image: images.sleepy,
    // As in Traefik's image, where there is no other resolver.
    env: { GODEBUG: "netdns=go" },
    network,
    cmd: ["/traefik", "--global.checknewversion=false", ...flags],
    binds: {
      [findBinary("traefik") ?? "traefik"]: "/traefik:ro",
      [docker.socketPath]: "/var/run/docker.sock",
    },
    extra: {
      HostConfig: {
        NetworkMode: network,
        Binds: [
          `${findBinary("traefik") ?? "traefik"}:/traefik:ro`,
          `${docker.socketPath}:/var/run/docker.sock`,
        ],
        ExtraHosts: Object.entries(hosts).map(([host, address]) => `${host}:${address}`),
      },
    },
  });
  const output = async (): Promise<string> =>
    await docker.text("GET", `/containers/${name}/logs?stdout=1&stderr=1&tail=300`);
  const up = async (): Promise<string> => {
    const address = await docker.address(name, network);
    for (let tries = 0; !(await probe(address, port)); tries++) {
      if (tries > 100) throw new Error(`Traefik does not come up:\n${await output()}`);
      await pause(100);
    }
    return address;
  };
  let address = await up();
  return {
    get address() {
      return address;
    },
    async restart() {
      await docker.kill(name);
      await docker.start(name);
      address = await up();
    },
    output,
    [Symbol.asyncDispose]: async () => await docker.rm(name),
  };
}
