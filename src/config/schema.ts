import * as z from "zod";
import { wakeRateShape } from "./schema/rules.ts";
import { apiSchema } from "./schema/api.ts";
import { discoverSchema } from "./schema/discover.ts";
import { insideKey } from "./schema/machine.ts";
import { foreignNames } from "./labels/foreign/names.ts";
import { poolsSchema } from "./schema/pools.ts";
import { defaultsSchema, targetSchema } from "./schema/target.ts";
import { notifySchema } from "./schema/notify.ts";
import { traefikSchema } from "./schema/publish.ts";
import { storeSchema } from "./schema/store.ts";
import { key, text, whole } from "./schema/text.ts";
import { parseCidr } from "./values/cidr.ts";
import { parseListenAddress } from "./values/listen-address.ts";
import { NAME_PATTERN, parseName } from "./values/names.ts";
import { bad, good } from "./values/parsed.ts";
import { parsePortRange } from "./values/port-range.ts";
import { proxmoxEngineSchema } from "./schema/proxmox.ts";
import { kubernetesEngineSchema } from "./schema/kubernetes.ts";
import { parseBaseUrl, parseEngineUrl } from "./values/urls.ts";

const folder = text(
  (written) => (written.trim() === "" ? bad("expected a folder") : good(written.trim())),
  "a folder",
);
const file = text(
  (written) => (written.trim() === "" ? bad("expected a file") : good(written.trim())),
  "a file",
);
const listenAddress = text(parseListenAddress, "host:port such as 127.0.0.1:9190", {
  wrongType: (input) =>
    typeof input === "number"
      ? `: write 127.0.0.1:${String(input)}, or ":${String(input)}" for all addresses`
      : "",
});
const engineUrl = text(parseEngineUrl, "a URL such as unix:///var/run/docker.sock, or url with TLS files");

const engine = z.union([
  engineUrl,
  z.strictObject({
    url: engineUrl.meta({ description: "As in the short form.", examples: ["https://nas.lan:2376"] }),
    ca_file: key(file, {
      description: "Certificate authority of the engine, PEM. Relative to the file's folder.",
    }),
    cert_file: key(file, { description: "Our certificate, PEM." }),
    key_file: key(file, { description: "Our private key, PEM." }),
    inside: insideKey("its containers count as"),
  }),
]);

const targetName = z.string().regex(new RegExp(NAME_PATTERN));

/** The configuration file: the single source of truth for its keys, their meaning, defaults and reference. */
export const fileSchema = z
  .strictObject({
    listen: key(listenAddress, {
      description: "Internal listener: forward-auth, API, health, metrics. Let only the proxy reach it.",
      default: "127.0.0.1:9190",
      defaultText: "127.0.0.1:9190; in the container image 0.0.0.0:9190",
      examples: ["127.0.0.1:9190", "[::1]:9190", ":9190"],
    }),
    public_listen: key(listenAddress, {
      description: "Public listener: the loading page's events under `/.wakegate/` and the catch-all page.",
      default: "127.0.0.1:9191",
      defaultText: "127.0.0.1:9191; in the container image 0.0.0.0:9191",
    }),
    public_url: key(text(parseBaseUrl, "a URL such as https://wake.example.com"), {
      description: "The public listener as browsers reach it. `page_mode: redirect` needs it.",
      examples: ["https://wake.example.com"],
    }),
    caddy_admin: key(text(parseBaseUrl, "a URL such as http://caddy:2020"), {
      description:
        "Caddy's admin API, or a private site that serves its `GET /reverse_proxy/upstreams` alone: requests that Caddy has in flight keep their target awake.",
      defaultText: "Caddy is not asked",
      examples: ["http://caddy:2020"],
    }),
    state_dir: key(folder, {
      description: "Folder for what must outlive a restart. Relative to the file's folder.",
      default: "./state",
      defaultText: "./state in the working folder; in the container image /state",
    }),
    trusted_proxies: key(z.array(text(parseCidr, "a block such as 172.18.0.0/16")), {
      description:
        "Peers whose forwarded headers count: address blocks, addresses, and the words `loopback` and `private`.",
      default: ["loopback", "private"],
      examples: [["loopback", "172.18.0.0/16"]],
    }),
    unknown_hosts: key(z.enum(["allow", "deny"]), {
      description:
        "What a request for a host without a target gets. `allow`: it passes, so that one middleware may serve all apps.",
      default: "allow",
    }),
    tcp_label_ports: key(text(parsePortRange, 'a range of ports such as "1024-65535"'), {
      description:
        "Ports that `wakegate.tcp` and `wakegate.udp` labels may listen on. `none`: only the file defines listeners.",
      default: "1024-65535",
      examples: ["20000-29999", "none"],
    }),
    foreign_labels: key(z.array(z.enum(foreignNames)), {
      description:
        "Other programs whose container labels are read as well, for those who come from them. Our own labels are stronger. The guides [from Sablier](../guide/migrate/sablier.md) and [from GoDoxy](../guide/migrate/godoxy.md) list them.",
      defaultText: "none",
      examples: [["sablier"], ["godoxy"]],
    }),
    catch_all: key(z.enum(["off", "page", "wake"]), {
      description:
        "What the public listener does with requests that a proxy sends there because the app has no route while it sleeps. `page` tells how the app stands; `wake` wakes it by the request's own method, host and path. Put single sign-on before it.",
      default: "off",
    }),
    publish: key(
      z.strictObject({
        traefik: key(traefikSchema, {
          description: "Wakegate as Traefik's HTTP provider. Off until there is a token or a secret path.",
        }),
      }),
      { description: "Configuration that Wakegate makes for proxies." },
    ),
    templates_dir: key(folder, {
      description:
        "Folder whose files take the place of the built-in templates. Relative to the file's folder.",
      examples: ["./templates"],
    }),
    log: key(
      z.strictObject({
        level: key(z.enum(["debug", "info", "warn", "error"]), {
          description: "The least serious lines that are written.",
          default: "info",
        }),
        format: key(z.enum(["auto", "json", "pretty"]), {
          description: "`auto`: pretty on a terminal, else JSON.",
          default: "auto",
        }),
      }),
      { description: "The log." },
    ),
    limits: key(
      z.strictObject({
        holds_per_target: key(whole(1, 1_000_000), {
          description: "Requests held at once for one target; more get 503.",
          default: 2000,
        }),
        holds: key(whole(1, 1_000_000), { description: "Requests held at once in all.", default: 10_000 }),
        streams: key(whole(1, 1_000_000), {
          description: "Event streams of loading pages open at once.",
          default: 10_000,
        }),
      }),
      { description: "Bounds that keep a flood from taking all memory." },
    ),
    wake_rate: key(z.strictObject(wakeRateShape), {
      description:
        "How often sleeping targets are woken by requests. Beyond that a request gets 503 with Retry-After. Joining a wake that is under way is free, and so is all that reaches an app that is awake.",
    }),
    api: key(apiSchema, { description: "The API and the dashboard on the internal listener." }),
    notify: key(notifySchema, {
      description:
        "Messages to you when something needs you. Off until there is a webhook or a topic of ntfy.",
    }),
    store: key(storeSchema, {
      description:
        "Where state is kept besides `state_dir`. Alone, Wakegate needs nothing but its state file; several need one place for what all of them must know.",
    }),
    providers: key(
      z.strictObject({
        docker: key(z.record(targetName, engine), {
          description:
            "Docker engines by name: a URL (unix, tcp, http, https), or `url` with `ca_file`, `cert_file` and `key_file`. An empty group means none.",
          defaultText: "`local`: DOCKER_HOST, else unix:///var/run/docker.sock where it exists",
          examples: [{ local: "unix:///var/run/docker.sock", nas: "tcp://nas.lan:2375" }],
        }),
        swarm: key(z.record(targetName, engine), {
          description:
            "Docker Swarms by name, each by a manager's address, written as an engine of `docker`. Services are its targets, by labels under `deploy.labels`.",
          defaultText: "none",
          examples: [{ cluster: "unix:///var/run/docker.sock" }],
        }),
        proxmox: key(z.record(targetName, proxmoxEngineSchema), {
          description:
            "Proxmox VE clusters by name, each by the address of any of its nodes. The guide to Proxmox tells how to make the token.",
          defaultText: "none",
          examples: [
            {
              lab: {
                url: "https://pve1.lan:8006",
                token_id: "wakegate@pve!power",
                token_secret_file: "/run/secrets/pve-token",
                ca_file: "./pve-root-ca.pem",
              },
            },
          ],
        }),
        kubernetes: key(z.record(targetName, kubernetesEngineSchema), {
          description:
            "Kubernetes clusters by name. Deployments and StatefulSets are targets by annotations. An empty group means the cluster that Wakegate runs in.",
          defaultText: "none",
          examples: [{ cluster: {} }, { home: { kubeconfig: "/etc/rancher/k3s/k3s.yaml" } }],
        }),
      }),
      { description: "The engines that run the targets." },
    ),
    pools: key(poolsSchema, {
      description:
        "What is scarce, by a name of your choice: targets name the pools that they are in by `pools`. A wake that does not fit makes those sleep that were not used for longest, and waits for its turn. Guide: [scarce memory, one graphics card](../guide/pools.md).",
      defaultText: "none",
      examples: [{ previews: { max_awake: 12 }, gpu0: { max_awake: 1 }, ram: { budget: "16GiB" } }],
    }),
    defaults: key(defaultsSchema, { description: "For every target that does not say otherwise." }),
    discover: key(z.array(discoverSchema), {
      description:
        "Rules that make targets of containers without labels; the first that matches a container counts. `wakegate.enable` on the container is stronger: `true` makes it a target by its own labels, `false` keeps hands off. The keys of a rule are laid over `defaults`, the container's own labels over the rule. Guide: [fleets](../guide/fleets.md).",
      defaultText: "none",
      examples: [
        [
          {
            match: { project: "pr-*", service: "web" },
            hosts: ["{project}.example.com"],
            scope: "project",
            idle_timeout: "20m",
          },
        ],
      ],
    }),
    targets: key(z.record(targetName, targetSchema), {
      description:
        "Targets by name. A target in the file is laid over the labels of the container of that name.",
    }),
  })
  .meta({ title: "Wakegate configuration", description: "The file that wakegate --config reads." });

/** What the file, or the environment, says. Keys that are absent are not said there. */
export type FileLayer = z.output<typeof fileSchema>;

/** The sentence for a bad key of `targets` or of the groups in `providers`. */
export function nameMessage(written: string): string {
  const parsed = parseName(written);
  return parsed.ok ? "" : parsed.message;
}
