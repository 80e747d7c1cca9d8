import type { ProtocolTables } from "../labels/parts.ts";

const sourceRange = { sourceRange: "list" } as const;

/** What Traefik knows of `traefik.tcp.…`. Checks of health are read to be left out. */
export const TCP_TABLES: ProtocolTables = {
  protocol: "tcp",
  routers: {
    rule: "text",
    ruleSyntax: "text@3.0",
    entryPoints: "list",
    middlewares: "list",
    service: "text",
    priority: "int",
    tls: {
      empty: true,
      fields: {
        passthrough: "bool",
        options: "text",
        certResolver: "text",
        domains: { many: true, fields: { main: "text", sans: "list" } },
      },
    },
  },
  services: {
    loadBalancer: {
      server: { fields: { port: "text", tls: "bool@3.0" } },
      proxyProtocol: { empty: true, fields: { version: "int" } },
      terminationDelay: "int",
      serversTransport: "text@3.0",
      healthCheck: "tree",
    },
  },
  middlewares: {
    inFlightConn: { amount: "int" },
    ipAllowList: sourceRange,
    ipWhiteList: sourceRange,
  },
};
