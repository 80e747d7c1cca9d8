/** A line of Traefik's versions: 3, or 2 for the last of them, 2.11. */
export type Major = 2 | 3;

/** One entry point. */
export interface EntryPoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly isDefault: boolean;
  /** Peers whose forwarded headers are kept. */
  readonly trusted: readonly string[];
}

/** The flags of Traefik that the double knows. */
export interface StaticConfig {
  readonly entryPoints: readonly EntryPoint[];
  readonly docker?: { readonly exposedByDefault: boolean };
  readonly http?: {
    readonly endpoint: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly pollMs: number;
  };
  readonly ping: boolean;
}

/** Reads flags as on the command line. @throws Error for one that it does not know: better than a false peace. */
export function readFlags(flags: readonly string[], major: Major = 3): StaticConfig {
  const values = new Map<string, string>();
  for (const flag of flags) {
    const [name = "", ...rest] = flag.replace(/^--/, "").split("=");
    values.set(name.toLowerCase(), rest.join("="));
  }
  for (const name of values.keys()) {
    const known = KNOWN.some((one) => one.test(name)) && !(major < 3 && SINCE_3.test(name));
    if (!known) throw new Error(`the double knows no --${name}`);
  }
  const names = [...values.keys()].flatMap((name) => /^entrypoints\.([^.]+)\.address$/.exec(name)?.[1] ?? []);
  const get = (name: string): string | undefined => values.get(name);
  const anyDefault = names.some((name) => get(`entrypoints.${name}.asdefault`) === "true");
  const entryPoints = names.map((name): EntryPoint => {
    const [host = "", port = "0"] = (get(`entrypoints.${name}.address`) ?? "").split(":");
    return {
      name,
      host,
      port: Number(port),
      isDefault: !anyDefault || get(`entrypoints.${name}.asdefault`) === "true",
      trusted: (get(`entrypoints.${name}.forwardedheaders.trustedips`) ?? "")
        .split(",")
        .map((ip) => ip.replace(/\/32$/, "")),
    };
  });
  const endpoint = get("providers.http.endpoint");
  const headers = [...values].flatMap(([name, value]): [string, string][] => {
    const header = /^providers\.http\.headers\.(.+)$/.exec(name)?.[1];
    return header === undefined ? [] : [[header, value]];
  });
  return {
    entryPoints,
    ...(values.has("providers.docker")
      ? { docker: { exposedByDefault: get("providers.docker.exposedbydefault") !== "false" } }
      : {}),
    ...(endpoint === undefined
      ? {}
      : {
          http: {
            endpoint,
            headers: Object.fromEntries(headers),
            pollMs: Number.parseInt(get("providers.http.pollinterval") ?? "5", 10) * 1000,
          },
        }),
    ping: get("ping") === "true",
  };
}

const SINCE_3 = /^providers\.http\.headers\./;
const KNOWN = [
  /^entrypoints\.[^.]+\.(address|asdefault|forwardedheaders\.trustedips)$/,
  /^providers\.docker(\.exposedbydefault)?$/,
  /^providers\.http\.(endpoint|pollinterval|headers\.[a-z-]+)$/,
  /^ping(\.manualrouting)?$/,
];
