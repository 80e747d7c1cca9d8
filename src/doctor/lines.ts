import type { Fix } from "./finding.ts";
import {
  controllerAddress,
  controllerAsks,
  controllerDescribes,
  controllerOwnRoute,
  controllerSso,
} from "./kubernetes-lines.ts";
import type { Places } from "./places.ts";
import type { ProxyKind } from "./proxy-kind.ts";
import type { Site } from "./site.ts";

/** What makes the proxy ask before it lets anybody through to a host. */
export function askLines(kind: ProxyKind, places: Places, { host, target, labels, inCluster }: Site): Fix {
  if (inCluster && kind !== "caddy") return controllerAsks(kind, places, host);
  switch (kind) {
    case "caddy":
      return {
        where: `Caddyfile, in the site of ${host}, before its reverse_proxy, both inside route { }`,
        lines: [
          `forward_auth ${places.internal} {`,
          "\turi /api/authz/forward-auth?",
          "\theader_up -Cookie",
          "\theader_up -Authorization",
          "\tlb_try_duration 5s",
          "}",
        ].join("\n"),
      };
    case "nginx":
      return {
        where: `nginx, in the location of ${host} that has proxy_pass; the server needs examples/nginx/wakegate.conf with $wakegate http://${places.internal}`,
        lines:
          "auth_request /wakegate-auth;\nerror_page 401 = @wakegate;\nsatisfy all;\nproxy_request_buffering off;",
      };
    case "traefik":
      return {
        where: `${labels}, and the first two on Wakegate's own service`,
        lines: [
          `traefik.http.middlewares.wakegate.forwardauth.address: http://${places.internal}/api/authz/forward-auth`,
          'traefik.http.middlewares.wakegate.forwardauth.trustforwardheader: "false"',
          `traefik.http.routers.${target}.middlewares: wakegate@docker`,
        ].join("\n"),
      };
  }
}

/** The right address of the question, for a proxy that asks at another. */
export function addressLines(kind: ProxyKind, places: Places, { inCluster }: Site): Fix {
  if (inCluster && kind !== "caddy") return controllerAddress(kind, places);
  switch (kind) {
    case "caddy":
      return { where: "Caddyfile, inside forward_auth", lines: "uri /api/authz/forward-auth?" };
    case "nginx":
      return {
        where: "nginx, location = /wakegate-auth",
        lines: `proxy_pass http://${places.internal}/api/authz/auth-request;`,
      };
    case "traefik":
      return {
        where: "compose.yaml, labels of Wakegate's service",
        lines: `traefik.http.middlewares.wakegate.forwardauth.address: http://${places.internal}/api/authz/forward-auth`,
      };
  }
}

/** The route of the loading page's live events. */
export function ownRouteLines(kind: ProxyKind, places: Places, { host, labels, inCluster }: Site): Fix {
  if (inCluster && kind !== "caddy") return controllerOwnRoute(kind, places, labels);
  switch (kind) {
    case "caddy":
      return {
        where: `Caddyfile, in the site of ${host}, before forward_auth`,
        lines: `reverse_proxy /.wakegate/* ${places.public}`,
      };
    case "nginx":
      return {
        where: `nginx, in the server of ${host}`,
        lines: [
          "location ^~ /.wakegate/ {",
          `    proxy_pass http://${places.public};`,
          "    proxy_http_version 1.1;",
          "    proxy_set_header Host $http_host;",
          '    proxy_set_header Connection "";',
          "    proxy_buffering off;",
          "    proxy_read_timeout 1h;",
          "}",
        ].join("\n"),
      };
    case "traefik":
      return {
        where: "compose.yaml, labels of Wakegate's service",
        lines: [
          'traefik.enable: "true"',
          "traefik.http.routers.wakegate.rule: PathPrefix(`/.wakegate/`)",
          'traefik.http.routers.wakegate.priority: "1000000"',
          "traefik.http.routers.wakegate.service: wakegate",
          `traefik.http.services.wakegate.loadbalancer.server.port: "${places.public.replace(/^.*:/, "")}"`,
        ].join("\n"),
      };
  }
}

/** What tells nginx and others to describe the request that they hold. */
export function describeLines(kind: ProxyKind, places: Places, { inCluster }: Site): Fix {
  if (inCluster && kind !== "caddy") return controllerDescribes(kind, places);
  switch (kind) {
    case "nginx":
      return {
        where: "nginx, location = /wakegate-auth and location @wakegate",
        lines:
          "proxy_set_header X-Original-URL $scheme://$wakegate_host$request_uri;\nproxy_set_header X-Original-Method $request_method;",
      };
    case "caddy":
      return {
        where: "Caddyfile, inside forward_auth, or in a reverse_proxy to Wakegate that is written out",
        lines:
          "header_up X-Forwarded-Method {method}\nheader_up X-Forwarded-Uri {http.request.orig_uri}\nheader_up X-Forwarded-Host {host}",
      };
    case "traefik":
      return {
        where: "compose.yaml, labels of Wakegate's service",
        lines: 'traefik.http.middlewares.wakegate.forwardauth.trustforwardheader: "false"',
      };
  }
}

/** The visitor's whole path for Wakegate, where the proxy takes a prefix off for the app. */
export function wholePathLines(kind: ProxyKind, { target, labels }: Site): Fix {
  switch (kind) {
    case "caddy":
      return {
        where: "Caddyfile, inside forward_auth",
        lines: "header_up X-Forwarded-Uri {http.request.orig_uri}",
      };
    case "nginx":
      return {
        where: "nginx, location = /wakegate-auth and location @wakegate",
        lines: "proxy_set_header X-Original-URL $scheme://$wakegate_host$request_uri;",
      };
    case "traefik":
      return {
        where: `${labels}: Wakegate before stripPrefix`,
        lines: `traefik.http.routers.${target}.middlewares: wakegate@docker,<the stripPrefix>`,
      };
  }
}

/** Single sign-on before Wakegate. */
export function ssoLines(kind: ProxyKind, { target, labels, inCluster }: Site): Fix {
  if (inCluster && kind !== "caddy") return controllerSso(kind);
  switch (kind) {
    case "caddy":
      return {
        where: "Caddyfile, in the site: route keeps the order as written",
        lines: "route {\n\timport authelia\n\timport wakegate\n\treverse_proxy …\n}",
      };
    case "nginx":
      return {
        where:
          "nginx has one auth_request for each location: ask the sign-on in a location before, see examples/nginx/blog.protected.conf",
        lines: "location / {\n    auth_request /authelia;\n    try_files /.wakegate/none @app;\n}",
      };
    case "traefik":
      return {
        where: `${labels}: the sign-on first`,
        lines: `traefik.http.routers.${target}.middlewares: authelia@docker,wakegate@docker`,
      };
  }
}
