import { readFileSync } from "node:fs";
import type { DockerEngineSpec } from "../../config/model/engine.ts";
import { messageOf } from "../../errors.ts";
import { ProviderError } from "../provider.ts";

/** Where an engine listens. */
export type EngineAddress =
  | { readonly kind: "unix"; readonly path: string; readonly text: string }
  | {
      readonly kind: "tcp";
      readonly protocol: "http" | "https";
      readonly host: string;
      readonly port: number;
      readonly text: string;
    };

/** Contents of the TLS files. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/**
 * Takes an engine's URL apart. `tcp://` means TLS where TLS files are given or the port is 2376.
 *
 * @throws ProviderError `not_supported` for anything but unix, tcp, http and https.
 */
export function parseAddress(spec: Omit<DockerEngineSpec, "kind">): EngineAddress {
  const { url: text, name } = spec;
  const unix = /^unix:(?:\/\/)?(\/.+)$/.exec(text);
  if (unix?.[1]) return { kind: "unix", path: unix[1], text };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url?.hostname || !["tcp:", "http:", "https:"].includes(url.protocol)) {
    const expected = "unix:///path, tcp://host:port, http://host:port or https://host:port";
    throw new ProviderError(
      "not_supported",
      name,
      `engine ${name}: "${text}" is no address of a Docker engine; expected ${expected}`,
    );
  }
  const secure =
    url.protocol === "https:" || (url.protocol === "tcp:" && (spec.tls !== undefined || url.port === "2376"));
  const usualPort = { "tcp:": secure ? 2376 : 2375, "http:": 80, "https:": 443 }[url.protocol] ?? 2375;
  return {
    kind: "tcp",
    protocol: secure ? "https" : "http",
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(url.port) || usualPort,
    text,
  };
}

/**
 * Reads the TLS files; done anew for each connection, so that renewed certificates are taken up.
 *
 * @throws ProviderError `engine_unreachable` that names the file.
 */
export function readTls(spec: Omit<DockerEngineSpec, "kind">): TlsMaterial {
  const { caFile, certFile, keyFile } = spec.tls ?? {};
  const read = (key: string, path: string): string => {
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      const message = `engine ${spec.name}: its TLS ${key} file cannot be read: ${messageOf(error)}`;
      throw new ProviderError("engine_unreachable", spec.name, message, { cause: error });
    }
  };
  return {
    ...(caFile && { ca: read("ca", caFile) }),
    ...(certFile && { cert: read("cert", certFile) }),
    ...(keyFile && { key: read("key", keyFile) }),
  };
}
