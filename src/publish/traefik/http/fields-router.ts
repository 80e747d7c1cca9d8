import type { FieldTable } from "../labels/fields.ts";

/** `traefik.http.routers.NAME.…` */
export const ROUTER_FIELDS: FieldTable = {
  rule: "text",
  ruleSyntax: "text@3.0",
  entryPoints: "list",
  middlewares: "list",
  service: "text",
  priority: "int",
  tls: {
    empty: true,
    fields: {
      options: "text",
      certResolver: "text",
      domains: { many: true, fields: { main: "text", sans: "list" } },
    },
  },
  observability: {
    since: "3.3",
    fields: {
      accessLogs: "bool@3.3",
      metrics: "bool@3.3",
      tracing: "bool@3.3",
      traceVerbosity: "text@3.5",
    },
  },
};

/** `traefik.http.services.NAME.…`. Checks of health are read to be left out. */
export const SERVICE_FIELDS: FieldTable = {
  middlewares: "list@3.7",
  loadBalancer: {
    server: {
      fields: {
        port: "text",
        scheme: "text",
        url: "text",
        weight: "int@3.0",
        preservePath: "bool@3.3",
      },
    },
    strategy: "text@3.4",
    sticky: {
      empty: true,
      fields: {
        cookie: {
          empty: true,
          fields: {
            name: "text",
            secure: "bool",
            httpOnly: "bool",
            sameSite: "text",
            maxAge: "int",
            path: "text@3.3",
            domain: "text@3.4",
          },
        },
      },
    },
    healthCheck: "tree",
    passiveHealthCheck: "tree",
    passHostHeader: "bool",
    responseForwarding: { flushInterval: "duration" },
    serversTransport: "text",
  },
};
