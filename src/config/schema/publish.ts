import * as z from "zod";
import type { TraefikSettings, TraefikTargetOptions } from "../model/traefik.ts";
import { bad, good } from "../values/parsed.ts";
import { parseBaseUrl } from "../values/urls.ts";
import { key, text, whole } from "./text.ts";

const SECRET = /^[A-Za-z0-9._~-]{16,256}$/;
const secret = text(
  (written) =>
    SECRET.test(written.trim())
      ? good(written.trim())
      : bad(
          "expected at least 16 letters, digits, dots, hyphens or underscores: take what `openssl rand -hex 24` prints",
        ),
  "a secret of at least 16 characters",
);
const version = text((written) => {
  const match = /^v?([23])\.(\d{1,3})(?:\.\d+)?$/.exec(written.trim());
  const parsed: [number, number] = [Number(match?.[1]), Number(match?.[2])];
  return match && (parsed[0] === 3 || parsed[1] >= 11)
    ? good(parsed)
    : bad('expected a version from 2.11 on, such as "3.6"');
}, 'a version in quotes, such as "3.6"');
const name = text((written) => {
  const trimmed = written.trim();
  return /^[^\s,]{1,200}$/.test(trimmed) ? good(trimmed) : bad("expected a name without spaces and commas");
}, "a name");
const baseUrl = text(parseBaseUrl, "a URL such as http://wakegate:9190");

const routing = {
  entrypoints: key(z.array(name), {
    description:
      "Entry points for targets without labels of Traefik's. Those are published only with this key.",
    defaultText: "none",
    examples: [["websecure"]],
  }),
  certresolver: key(name, {
    description: "Certificate resolver for targets without labels of Traefik's; switches TLS on for them.",
    defaultText: "none",
    examples: ["letsencrypt"],
  }),
  middlewares: key(z.array(name), {
    description:
      "Middlewares before Wakegate's for targets without labels of Traefik's, such as single sign-on. Without a provider they are Docker's.",
    defaultText: "none",
    examples: [["authelia@docker"]],
  }),
};

/** `publish.traefik` of the file. */
export const traefikSchema = z.strictObject({
  token: key(secret, {
    description:
      "Switches publishing on: Traefik (3.0 or later) asks `/api/traefik/config` with the header `Authorization: Bearer TOKEN`. Labels hold password hashes, hence the secret.",
    defaultText: "none: nothing is published",
  }),
  secret_path: key(secret, {
    description:
      "The same for Traefik 2.11, which cannot send headers: it asks `/api/traefik/config/SECRET_PATH`.",
    defaultText: "none",
  }),
  version: key(version, {
    description:
      "The Traefik that asks. Labels that need a later one are left out, because one unknown field makes Traefik refuse everything.",
    defaultText: "3.0 for the token, 2.11 for the secret path",
    examples: ["3.6"],
  }),
  internal_url: key(baseUrl, {
    description: "The internal listener as Traefik reaches it.",
    defaultText: "the host that Traefik asks",
    examples: ["http://wakegate:9190"],
  }),
  public_url: key(baseUrl, {
    description: "The public listener as Traefik reaches it.",
    defaultText: "the host that Traefik asks, with the port of `public_listen`",
    examples: ["http://wakegate:9191"],
  }),
  ...routing,
  monitors: key(z.boolean(), {
    description:
      "Monitors, known by the user agents of the preset `monitors`, get 200 from what sleeps, and the app itself while it is awake. Needs Traefik 3.4. Targets whose `presets` lack `monitors` are left out.",
    default: false,
  }),
  fail_open: key(
    z.strictObject({
      entrypoint: name.meta({
        description: "An entry point of Traefik's that listens on its loopback address alone.",
        examples: ["wakegate"],
      }),
      port: whole(1, 65_535).meta({ description: "The port of that entry point.", examples: [9195] }),
    }),
    {
      description:
        "Running apps stay reachable while Wakegate is away: the question takes a detour over an entry point of Traefik's own. See the guide.",
      defaultText: "off: Traefik answers 500 while Wakegate is away",
    },
  ),
});

/** `targets.NAME.traefik` of the file, `wakegate.traefik` of labels. */
export const traefikTargetSchema = z.strictObject({
  publish: key(z.boolean(), { description: "`false` keeps this target out of it.", default: true }),
  ...routing,
  tcp_entrypoints: key(z.array(name), {
    description:
      "TCP entry points that lead to its listener (`tcp`), for a target without `traefik.tcp` labels. With `stream.protocol: tls` by its `stream.names`, else everything that arrives there.",
    defaultText: "none",
    examples: [["postgres"]],
  }),
});

/** What a layer says, as the settings have it; undefined without a secret. */
export function toTraefikSettings(
  layer: z.output<typeof traefikSchema> | undefined,
): TraefikSettings | undefined {
  if (!layer || (layer.token === undefined && layer.secret_path === undefined)) return undefined;
  const { token, secret_path: secretPath, version, certresolver: certResolver } = layer;
  const { internal_url: internalUrl, public_url: publicUrl, fail_open: failOpen } = layer;
  return {
    ...(token === undefined ? {} : { token }),
    ...(secretPath === undefined ? {} : { secretPath }),
    ...(version === undefined ? {} : { version }),
    ...(internalUrl === undefined ? {} : { internalUrl }),
    ...(publicUrl === undefined ? {} : { publicUrl }),
    entryPoints: layer.entrypoints ?? [],
    ...(certResolver === undefined ? {} : { certResolver }),
    middlewares: layer.middlewares ?? [],
    monitors: layer.monitors ?? false,
    ...(failOpen === undefined ? {} : { failOpen: { entryPoint: failOpen.entrypoint, port: failOpen.port } }),
  };
}

/** The overrides of one target, the strongest layer last; empty where none says anything. */
export function toTraefikTarget(...layers: readonly (z.output<typeof traefikTargetSchema> | undefined)[]): {
  readonly traefik?: TraefikTargetOptions;
} {
  const merged = Object.assign({}, ...layers) as z.output<typeof traefikTargetSchema>;
  if (Object.keys(merged).length === 0) return {};
  const { publish, entrypoints: entryPoints, certresolver: certResolver, middlewares } = merged;
  const { tcp_entrypoints: tcpEntryPoints } = merged;
  return {
    traefik: {
      ...(tcpEntryPoints === undefined ? {} : { tcpEntryPoints }),
      ...(publish === undefined ? {} : { publish }),
      ...(entryPoints === undefined ? {} : { entryPoints }),
      ...(certResolver === undefined ? {} : { certResolver }),
      ...(middlewares === undefined ? {} : { middlewares }),
    },
  };
}
