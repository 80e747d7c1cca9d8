import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import type { KubernetesEngineSpec } from "../../config/model/engine.ts";
import { didYouMean } from "../../config/values/suggest.ts";
import { messageOf } from "../../errors.ts";
import { ProviderError, type ProviderErrorCode } from "../provider.ts";
import { readFileOf, type Access, type Login } from "./access.ts";

type Entry = Readonly<Record<string, unknown>>;

/**
 * Reads one context of a kubeconfig.
 *
 * @throws ProviderError as `readAccess`. The message names the file and the entry.
 */
export function readKubeconfig(
  engine: string,
  { file, context: wanted }: NonNullable<KubernetesEngineSpec["kubeconfig"]>,
): Access {
  const reader = new Reader(engine, file);
  const config = reader.parsed();
  const name = wanted ?? textOf(config["current-context"]);
  if (name === undefined) throw reader.wrong("has no current-context: add context");
  const context = reader.named(config, "contexts", "context", name);
  const clusterName = textOf(context["cluster"]) ?? "";
  const cluster = reader.named(config, "clusters", "cluster", clusterName);
  const userName = textOf(context["user"]) ?? "";
  const user = userName === "" ? {} : reader.named(config, "users", "user", userName);
  const ca = reader.data(cluster, "certificate-authority");
  const serverName = textOf(cluster["tls-server-name"]);
  return {
    url: serverOf(reader, clusterName, cluster),
    ...(ca !== undefined && { ca }),
    ...(serverName !== undefined && { serverName }),
    insecure: cluster["insecure-skip-tls-verify"] === true,
    login: loginOf(reader, userName, user),
    who: `the user ${userName || "nobody"} of ${file}`,
  };
}

function serverOf(reader: Reader, name: string, cluster: Entry): string {
  const server = textOf(cluster["server"]) ?? "";
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url?.protocol === "http:")
    throw reader.wrong(`cluster ${name}: its server is spoken to by https only, not ${server}`);
  if (url?.protocol !== "https:")
    throw reader.wrong(`cluster ${name}: expected server: https://host:6443, not ${server || "nothing"}`);
  if (cluster["proxy-url"] !== undefined)
    throw reader.wrong(
      `cluster ${name}: proxy-url is not spoken here: name a server that is reached directly`,
      "not_supported",
    );
  return `https://${url.host}${url.pathname}`.replace(/\/+$/, "");
}

function loginOf(reader: Reader, name: string, user: Entry): Login {
  const token = textOf(user["token"]);
  const file = textOf(user["tokenFile"]);
  if (file !== undefined) return { kind: "token-file", file: reader.beside(file) };
  if (token !== undefined) return { kind: "token", token };
  const cert = reader.data(user, "client-certificate");
  const key = reader.data(user, "client-key");
  if (cert !== undefined && key !== undefined) return { kind: "certificate", cert, key };
  if (cert !== undefined || key !== undefined)
    throw reader.wrong(`user ${name}: client-certificate and client-key are needed together`);
  const exec = user["exec"];
  if (exec !== undefined) {
    const command = (isEntry(exec) && textOf(exec["command"])) || "a program";
    throw reader.wrong(
      `user ${name} logs in by ${command} (exec), and Wakegate runs no such programs. Make a service account with a token (examples/kubernetes/rbac.yaml, then kubectl create token wakegate -n wakegate --duration=8760h) and give it as token, or run Wakegate inside of the cluster`,
      "not_supported",
    );
  }
  if (user["auth-provider"] !== undefined)
    throw reader.wrong(
      `user ${name} logs in by an auth-provider, which Kubernetes itself has removed: give it a token`,
      "not_supported",
    );
  if (user["username"] !== undefined)
    throw reader.wrong(
      `user ${name} has a password, which API servers take no more: give it a token`,
      "not_supported",
    );
  return { kind: "none" };
}

class Reader {
  readonly #engine: string;
  readonly #file: string;

  constructor(engine: string, file: string) {
    this.#engine = engine;
    this.#file = file;
  }

  parsed(): Entry {
    const text = readFileOf(this.#engine, this.#file);
    let config: unknown;
    try {
      config = parse(text, { maxAliasCount: 100 });
    } catch (error) {
      throw this.wrong(`is no YAML: ${messageOf(error).split("\n")[0] ?? ""}`);
    }
    if (!isEntry(config)) throw this.wrong("is no kubeconfig");
    return config;
  }

  named(config: Entry, list: string, kind: string, name: string): Entry {
    const entries = Array.isArray(config[list]) ? config[list].filter(isEntry) : [];
    const found = entries.find((entry) => entry["name"] === name);
    const value = found?.[kind];
    if (isEntry(value)) return value;
    const names = entries.flatMap((entry) => textOf(entry["name"]) ?? []);
    throw this.wrong(
      `has no ${kind} ${name || "without a name"}, but ${names.join(", ") || "none at all"}${didYouMean(name, names)}`,
    );
  }

  /** The value of a key that may be a file, or by its `-data` twin the content in base64. */
  data(entry: Entry, key: string): string | undefined {
    const inline = textOf(entry[`${key}-data`]);
    if (inline !== undefined) return Buffer.from(inline, "base64").toString("utf8");
    const file = textOf(entry[key]);
    return file === undefined ? undefined : readFileOf(this.#engine, this.beside(file));
  }

  beside(file: string): string {
    return resolve(dirname(this.#file), file);
  }

  wrong(message: string, code: ProviderErrorCode = "engine_incompatible"): ProviderError {
    return new ProviderError(code, this.#engine, `engine ${this.#engine}: ${this.#file}: ${message}`);
  }
}

function isEntry(value: unknown): value is Entry {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
