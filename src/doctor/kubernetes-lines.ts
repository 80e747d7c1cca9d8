import type { Fix } from "./finding.ts";
import type { Places } from "./places.ts";

/** The controllers that there are recipes for. A Caddy in a cluster has a Caddyfile as everywhere. */
export type ControllerKind = "traefik" | "nginx";

const MIDDLEWARES = [
  "middlewares: # single sign-on, if any, goes before",
  "  - name: wakegate",
  "    namespace: wakegate",
  "  - name: wakegate-retry",
  "    namespace: wakegate",
].join("\n");

/** What makes the controller ask before it lets anybody through to a host. */
export function controllerAsks(kind: ControllerKind, places: Places, host: string): Fix {
  return kind === "traefik"
    ? {
        where: `manifest of the IngressRoute of ${host}, in its route; the middlewares and an Ingress in its place: examples/kubernetes`,
        lines: MIDDLEWARES,
      }
    : { where: `manifest of the Ingress of ${host}, metadata.annotations`, lines: nginxLines(places) };
}

/** The right address of the question. */
export function controllerAddress(kind: ControllerKind, places: Places): Fix {
  return kind === "traefik"
    ? {
        where: "manifest of the Middleware wakegate, spec",
        lines: `forwardAuth:\n  address: http://${places.internal}/api/authz/forward-auth`,
      }
    : { where: "manifest of the Ingress, metadata.annotations", lines: nginxLines(places) };
}

/** The route of the loading page's live events; nginx shows no page of Wakegate's there. */
export function controllerOwnRoute(kind: ControllerKind, places: Places, labels: string): Fix {
  if (kind === "nginx") return { where: labels, lines: 'wakegate.no_loading_page: "true"' };
  return {
    where: "manifest of an IngressRoute in the namespace of Wakegate, spec.routes",
    lines: [
      "- kind: Rule",
      "  match: PathPrefix(`/.wakegate/`)",
      "  priority: 100000",
      "  services:",
      "    - name: wakegate",
      `      port: ${places.public.replace(/^.*:/, "")}`,
    ].join("\n"),
  };
}

/** What keeps the description of the held request whole. */
export function controllerDescribes(kind: ControllerKind, places: Places): Fix {
  return kind === "traefik"
    ? {
        where: "manifest of the Middleware wakegate, spec",
        lines: "forwardAuth:\n  trustForwardHeader: false",
      }
    : controllerAddress(kind, places);
}

/** Single sign-on before Wakegate. */
export function controllerSso(kind: ControllerKind): Fix {
  return kind === "traefik"
    ? {
        where: "manifest of the IngressRoute, in its route",
        lines: MIDDLEWARES.replace("single sign-on, if any, goes before", "the sign-on's own goes first"),
      }
    : {
        where:
          "ingress-nginx has one auth-url for each Ingress: have the sign-on's own proxy stand between it and the app",
        lines: "nginx.ingress.kubernetes.io/auth-url: <the sign-on's>",
      };
}

function nginxLines({ internal }: Places): string {
  return [
    `nginx.ingress.kubernetes.io/auth-url: http://${internal}/api/authz/auth-request`,
    'nginx.ingress.kubernetes.io/service-upstream: "true"',
  ].join("\n");
}
