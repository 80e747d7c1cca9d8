import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { images } from "./images.ts";
import type { RawDocker } from "./raw-docker.ts";
import { findBinary } from "./require.ts";
import { tempFolder } from "./temp-folder.ts";

/** A real Caddy on a network of the tests' engine, where it resolves the names of containers as it does in life. */
export interface CaddyContainer extends AsyncDisposable {
  /** Its address on the network; HTTPS is on 443. */
  readonly address: string;
  /** Root certificate of its own authority, in PEM. */
  authority(): Promise<string>;
}

/** How it is started. */
export interface CaddyContainerOptions {
  readonly docker: RawDocker;
  readonly network: string;
  /** Its Caddyfile, on this machine. */
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  /** Names beside those of containers. */
  readonly hosts: Readonly<Record<string, string>>;
}

/** Runs this machine's Caddy, with its libraries, in a container. */
export async function startCaddyContainer(options: CaddyContainerOptions): Promise<CaddyContainer> {
  const { docker, network, file, env, hosts } = options;
  const name = `caddy-${network}`;
  const folder = await tempFolder("caddy");
  const readOnly = ["/usr", "/lib", "/lib64"].map((path) => `${path}:${path}:ro`);
  await docker.run(name, {
    image: images.busybox,
    // As in Caddy's image, where there is no other resolver.
    env: { HOME: "/data", XDG_DATA_HOME: "/data", XDG_CONFIG_HOME: "/data", GODEBUG: "netdns=go", ...env },
    cmd: [findBinary("caddy") ?? "caddy", "run", "--adapter", "caddyfile", "--config", "/etc/Caddyfile"],
    extra: {
      HostConfig: {
        NetworkMode: network,
        Binds: [...readOnly, `${file}:/etc/Caddyfile:ro`, `${folder.path}:/data`],
        ExtraHosts: Object.entries(hosts).map(([host, address]) => `${host}:${address}`),
      },
    },
  });
  const root = join(folder.path, "caddy/pki/authorities/local/root.crt");
  const authority = (): Promise<string> => readFile(root, "utf8");
  for (let tries = 0; !(await authority().catch(() => "")); tries++) {
    if (tries > 200) {
      const output = await docker.text("GET", `/containers/${name}/logs?stdout=1&stderr=1&tail=100`);
      throw new Error(`Caddy does not come up:\n${output}`);
    }
    await pause(100);
  }
  return {
    address: await docker.address(name, network),
    authority,
    [Symbol.asyncDispose]: async () => {
      await docker.rm(name);
      await folder[Symbol.asyncDispose]();
    },
  };
}
