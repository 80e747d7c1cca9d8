import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../../test/support/free-port.ts";
import { startProxy, type RunningProxy } from "../../test/support/proxy-process.ts";
import { findBinary, type Engine } from "../../test/support/require.ts";
import { tempFolder } from "../../test/support/temp-folder.ts";

/** A running proxy with one door straight to the app, and one that asks Wakegate first. */
export interface TwoDoors extends AsyncDisposable {
  readonly direct: number;
  readonly guarded: number;
  readonly pid: number;
}

/** Where the doors lead: ports on loopback. */
export interface Behind {
  readonly app: number;
  readonly wakegate: number;
}

/** The proxies that the bench knows, in the order of the report. */
export const PROXIES = ["traefik", "caddy", "nginx"] as const satisfies readonly Engine[];
export type ProxyName = (typeof PROXIES)[number];

/** Starts the real one with access logs off, keep-alive to both upstreams, and nothing else that costs. */
export async function startTwoDoors(name: ProxyName, behind: Behind): Promise<TwoDoors> {
  const folder = await tempFolder(`bench-${name}`);
  const direct = await freePort();
  const guarded = await freePort();
  const { args, files } = SETUPS[name]({ ...behind, direct, guarded, folder: folder.path });
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder.path, file), text);
  const running: RunningProxy = await startProxy({
    program: findBinary(name) ?? name,
    args,
    env: { HOME: folder.path, XDG_CONFIG_HOME: folder.path, XDG_DATA_HOME: folder.path, GOMAXPROCS: "1" },
    port: guarded,
    owns: folder,
  });
  return {
    direct,
    guarded,
    pid: running.pid,
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

interface Doors extends Behind {
  readonly direct: number;
  readonly guarded: number;
  readonly folder: string;
}

type Setup = (doors: Doors) => {
  readonly args: readonly string[];
  readonly files: Readonly<Record<string, string>>;
};

const SETUPS: Readonly<Record<ProxyName, Setup>> = {
  traefik: ({ app, wakegate, direct, guarded, folder }) => ({
    args: [`--configfile=${join(folder, "traefik.yaml")}`],
    files: {
      "traefik.yaml": JSON.stringify({
        global: { checkNewVersion: false, sendAnonymousUsage: false },
        log: { level: "ERROR" },
        entryPoints: {
          direct: { address: `127.0.0.1:${String(direct)}` },
          guarded: { address: `127.0.0.1:${String(guarded)}` },
        },
        providers: { file: { filename: join(folder, "dynamic.yaml") } },
      }),
      "dynamic.yaml": JSON.stringify({
        http: {
          routers: {
            direct: { entryPoints: ["direct"], rule: "PathPrefix(`/`)", service: "app" },
            guarded: {
              entryPoints: ["guarded"],
              rule: "PathPrefix(`/`)",
              service: "app",
              middlewares: ["wakegate"],
            },
          },
          middlewares: {
            wakegate: {
              forwardAuth: { address: `http://127.0.0.1:${String(wakegate)}/api/authz/forward-auth` },
            },
          },
          services: { app: { loadBalancer: { servers: [{ url: `http://127.0.0.1:${String(app)}` }] } } },
        },
      }),
    },
  }),
  caddy: ({ app, wakegate, direct, guarded, folder }) => ({
    args: ["run", "--adapter", "caddyfile", "--config", join(folder, "Caddyfile")],
    files: {
      Caddyfile: `{
	admin off
	auto_https off
}
http://:${String(direct)} {
	reverse_proxy 127.0.0.1:${String(app)}
}
http://:${String(guarded)} {
	route {
		forward_auth 127.0.0.1:${String(wakegate)} {
			uri /api/authz/forward-auth?
			header_up -Cookie
			header_up -Authorization
		}
		reverse_proxy 127.0.0.1:${String(app)}
	}
}
`,
    },
  }),
  nginx: ({ app, wakegate, direct, guarded, folder }) => ({
    args: ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", "stderr"],
    files: {
      "nginx.conf": `daemon off; master_process off; pid nginx.pid; error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000; large_client_header_buffers 8 32k;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path ${kind};`).join(" ")}
  upstream app { server 127.0.0.1:${String(app)}; keepalive 64; keepalive_requests 1000000; }
  upstream wakegate { server 127.0.0.1:${String(wakegate)}; keepalive 64; keepalive_requests 1000000; }
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
  server { listen 127.0.0.1:${String(direct)}; location / { proxy_pass http://app; } }
  server {
    listen 127.0.0.1:${String(guarded)};
    location = /wakegate-auth {
      internal; proxy_pass http://wakegate/api/authz/auth-request; proxy_pass_request_body off;
      proxy_set_header Connection ""; proxy_set_header Content-Length "";
      proxy_set_header Cookie ""; proxy_set_header Authorization "";
      proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
      proxy_set_header X-Original-Method $request_method;
      proxy_set_header X-Forwarded-For $remote_addr;
    }
    location / { auth_request /wakegate-auth; proxy_pass http://app; }
  }
}
`,
    },
  }),
};
