import { homedir } from "node:os";
import { join } from "node:path";
import type { Problem } from "./model.ts";
import type { DockerEngineSpec } from "./model/engine.ts";
import { fileSchema, type FileLayer } from "./schema.ts";
import { coerce, leafPaths, schemaAt } from "./schema/walk.ts";
import { problemsOf } from "./file/issues.ts";
import type { Parsed } from "./values/parsed.ts";
import { good } from "./values/parsed.ts";
import { didYouMean } from "./values/suggest.ts";
import { parseEngineUrl } from "./values/urls.ts";

/** Variables of a process, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says about settings. */
export interface EnvironmentReading {
  /** The strongest layer. Empty when there are problems. */
  readonly layer: FileLayer;
  readonly problems: readonly Problem[];
  /** WAKEGATE_CONFIG. */
  readonly configFile?: string;
  /** WAKEGATE_IMAGE, set by the container image: other defaults for listeners and the state folder. */
  readonly inImage: boolean;
  /** The engine that DOCKER_HOST names, for when the file names none. */
  readonly dockerHost?: Parsed<DockerEngineSpec>;
  /** A variable that holds a secret; undefined when it is not set or empty. */
  readonly secret: (name: string) => string | undefined;
}

/** A variable and the key of the file that it overrides. */
export interface SettingVariable {
  readonly name: string;
  readonly path: readonly string[];
}

/** `WAKEGATE_URL` and `WAKEGATE_TOKEN` are the command line's; `WAKEGATE_PROC_DIR` says where the host's /proc is. */
const OTHERS = ["WAKEGATE_CONFIG", "WAKEGATE_IMAGE", "WAKEGATE_PROC_DIR", "WAKEGATE_URL", "WAKEGATE_TOKEN"];

/** Every variable that overrides a key: `WAKEGATE_` and the key in capitals, dots as underscores. */
export function settingVariables(): readonly SettingVariable[] {
  // Rules are lists of groups, which a variable cannot hold.
  const paths = leafPaths(fileSchema).filter(([first]) => first !== "discover");
  return paths.map((path) => ({ name: `WAKEGATE_${path.join("_").toUpperCase()}`, path }));
}

/** Reads all settings from the environment. Nothing else in Wakegate reads it for settings. Never throws. */
export function readEnvironment(env: Environment): EnvironmentReading {
  const variables = settingVariables();
  const raw: Tree = {};
  for (const { name, path } of variables) {
    const written = env[name];
    const schema = schemaAt(fileSchema, path);
    if (written !== undefined && written !== "" && schema) put(raw, path, coerce(schema, written));
  }
  const parsed = fileSchema.safeParse(raw, { reportInput: true });
  const nameAt = (path: readonly PropertyKey[]): string =>
    variables.find((variable) => variable.path.every((part, index) => part === path[index]))?.name ?? "";
  const problems = parsed.success
    ? []
    : problemsOf(fileSchema, parsed.error.issues, {
        where: () => "environment",
        whereKey: () => "environment",
        written: (path) => env[nameAt(path)],
        keyName: nameAt,
      });
  const configFile = env["WAKEGATE_CONFIG"];
  const dockerHost = readDockerHost(env);
  return {
    layer: parsed.success ? parsed.data : {},
    problems: [...problems, ...unknownVariables(env, variables)],
    ...(configFile ? { configFile } : {}),
    inImage: isSet(env["WAKEGATE_IMAGE"]),
    secret: (name) => env[name]?.trim() || undefined,
    ...(dockerHost ? { dockerHost } : {}),
  };
}

type Tree = Record<string, unknown>;

function put(tree: Tree, path: readonly string[], value: unknown): void {
  const [first = "", ...rest] = path;
  if (rest.length === 0) tree[first] = value;
  else put((tree[first] ??= {}) as Tree, rest, value);
}

/** Slips are named; variables that orchestrators inject for a service called wakegate are not ours to judge. */
function unknownVariables(env: Environment, variables: readonly SettingVariable[]): Problem[] {
  const known = new Set([...variables.map(({ name }) => name), ...OTHERS]);
  return Object.keys(env).flatMap((name): Problem[] => {
    if (
      !name.startsWith("WAKEGATE_") ||
      known.has(name) ||
      /^WAKEGATE_(PORT|SERVICE|PROXMOX)(_|$)/.test(name)
    )
      return [];
    const near = didYouMean(name, known);
    if (near === "" && !name.startsWith("WAKEGATE_DEFAULTS_")) return [];
    return [
      { severity: "warning", where: "environment", key: name, message: `unknown variable, ignored${near}` },
    ];
  });
}

function readDockerHost(env: Environment): Parsed<DockerEngineSpec> | undefined {
  const written = env["DOCKER_HOST"];
  if (!written) return undefined;
  const url = parseEngineUrl(written);
  if (!url.ok) return url;
  const base = { kind: "docker", name: "local", url: url.value } as const;
  if (!isSet(env["DOCKER_TLS_VERIFY"]) || !/^(tcp|https):/.test(url.value)) return good(base);
  const folder = env["DOCKER_CERT_PATH"] ?? join(homedir(), ".docker");
  const tls = {
    caFile: join(folder, "ca.pem"),
    certFile: join(folder, "cert.pem"),
    keyFile: join(folder, "key.pem"),
  };
  return good({ ...base, tls });
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "0" && value.toLowerCase() !== "false";
}
