/** What an image's name tells of it. */
export interface KnownImage {
  readonly role: "wakegate" | "proxy" | "sso" | "always-on";
  /** Why it should not sleep: "answers the network's name questions". */
  readonly reason: string;
}

const PROXY = "everything goes through it, the requests that would wake it too";
const SSO = "it is asked before every request; asleep, nobody gets in";
const DNS = "it answers name questions, which are no requests that could wake it";
const TUNNEL = "it holds a connection open that nobody could wake it by";
const LISTENS = "it waits for things that happen, not for requests";

/** By the last part of the image's name, without its tag; the first that matches counts. */
const KNOWN: readonly (readonly [pattern: RegExp, role: KnownImage["role"], reason: string])[] = [
  [/^wakegate$/, "wakegate", "it could not wake itself"],
  [
    /^(traefik|caddy(-docker-proxy)?|nginx-proxy(-manager)?|nginxproxymanager|swag|haproxy|envoy|zoraxy|acme-companion)$/,
    "proxy",
    PROXY,
  ],
  [
    /^(authelia|authentik(-server|-proxy)?|oauth2-proxy|tinyauth|vouch-proxy|traefik-forward-auth|keycloak|pocket-id|zitadel|lldap)$/,
    "sso",
    SSO,
  ],
  [/^(server|proxy)$/, "sso", SSO],
  [/^controller$/, "proxy", PROXY],
  [/^(pihole|adguardhome|unbound|bind9|coredns|dnsmasq|technitium|dns-server)$/, "always-on", DNS],
  [
    /^(wireguard|wg-easy|tailscale|headscale|cloudflared|gluetun|netbird|zerotier|newt|frpc?)$/,
    "always-on",
    TUNNEL,
  ],
  [
    /^(home-assistant|homeassistant|mosquitto|emqx|zigbee2mqtt|zwave-js-ui|esphome|node-red|frigate)$/,
    "always-on",
    "it automates: it waits for sensors and clocks, not for requests",
  ],
  [
    /^(uptime-kuma|gatus|prometheus|alertmanager|node-exporter|cadvisor|influxdb|telegraf|loki|promtail)$/,
    "always-on",
    "it measures and alarms, also while nobody looks",
  ],
  [
    /^(watchtower|diun|ofelia|ddns-updater|ddclient|cloudflare-ddns|fail2ban|crowdsec|borgmatic|duplicati|docker-socket-proxy|socket-proxy|syncthing|docker-mailserver|postfix|dovecot|ntfy|gotify)$/,
    "always-on",
    LISTENS,
  ],
];

/** Names that say nothing without their owner. */
const OWNERS: Readonly<Record<string, string>> = {
  server: "goauthentik",
  proxy: "goauthentik",
  controller: "ingress-nginx",
};

/** The parts of an image's name: `ghcr.io/goauthentik/server:2024.2` is goauthentik and server. */
function partsOf(image: string): { readonly owner: string; readonly name: string } {
  const bare = image
    .replace(/@.*$/, "")
    .replace(/:[^/:]*$/, "")
    .toLowerCase();
  const [name = "", owner = ""] = bare.split("/").reverse();
  return { owner, name };
}

/** What is known of an image; undefined for nearly all. */
export function knownImage(image: string): KnownImage | undefined {
  const { owner, name } = partsOf(image);
  if ((OWNERS[name] ?? owner) !== owner) return undefined;
  const found = KNOWN.find(([pattern]) => pattern.test(name));
  return found && { role: found[1], reason: found[2] };
}
