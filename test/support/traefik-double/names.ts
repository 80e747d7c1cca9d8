import type { RawDocker } from "../raw-docker.ts";

/** Where a name leads at this moment. Nothing is remembered. @throws Error where there is no such host. */
export type Resolve = (name: string, port: number) => Promise<{ host: string; port: number }>;

interface Listed {
  readonly Id: string;
}
interface Inspected {
  readonly Name: string;
  readonly State: { readonly Running: boolean };
  readonly NetworkSettings: {
    readonly Networks: Readonly<
      Record<string, { readonly IPAddress: string; readonly Aliases: readonly string[] | null }>
    >;
  };
}

/** Answers as Docker's own resolver on that network: containers that run or are paused, by name and alias. */
export function resolver(
  docker: RawDocker,
  network: string,
  hosts: Readonly<Record<string, string>>,
  loopback: ReadonlyMap<number, number>,
): Resolve {
  return async (name, port) => {
    if (name === "localhost" || name === "127.0.0.1")
      return { host: "127.0.0.1", port: loopback.get(port) ?? port };
    const fixed = hosts[name] ?? (/^\d+(\.\d+){3}$/.test(name) ? name : undefined);
    if (fixed !== undefined) return { host: fixed, port };
    for (const { Id } of (await docker.call("GET", "/containers/json")) as Listed[]) {
      const { Name, State, NetworkSettings } = (await docker.call(
        "GET",
        `/containers/${Id}/json`,
      )) as Inspected;
      const here = NetworkSettings.Networks[network];
      if (!here || !State.Running) continue;
      if (Name === `/${name}` || here.Aliases?.includes(name)) return { host: here.IPAddress, port };
    }
    throw new Error(`lookup ${name}: no such host`);
  };
}
