import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { connect } from "node:tls";
import { afterAll, beforeAll, expect, it } from "vitest";
import { AsyncStack } from "../../src/lib/disposables.ts";
import { startCaddyContainer, type CaddyContainer } from "../support/caddy-container.ts";
import { startDockerd } from "../support/dockerd.ts";
import { RawDocker } from "../support/raw-docker.ts";
import { suite } from "../support/require.ts";
import { visit, type Seen, type Visit } from "../support/visitor.ts";
import { gatewayOf } from "./support/gateway-of.ts";
import { eventually, statusOf } from "./support/visit.ts";
import { startWakegate, type RunningWakegate } from "./support/wakegate.ts";

const EXAMPLE = fileURLToPath(new URL("../../examples/caddy/previews/", import.meta.url));
const NETWORK = "previews";
const DOMAIN = "example.com";
const PREVIEWS = 80;

/** The example at work: its Caddyfile, its wakegate.yaml with another domain, and projects as Compose makes them. */
interface Fleet {
  readonly docker: RawDocker;
  readonly wakegate: RunningWakegate;
  readonly caddy: CaddyContainer;
}

const BROWSER = { Accept: "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document" };

const hostOf = (project: string): string => `${project}.${DOMAIN}`;

/** The web of a project, as `docker compose up --no-start` leaves it. No label is for Wakegate. */
async function preview(docker: RawDocker, project: string): Promise<void> {
  await docker.create(`${project}-web-1`, {
    network: NETWORK,
    env: { NAME: project, PORT: "3000" },
    labels: {
      "com.docker.compose.project": project,
      "com.docker.compose.service": "web",
      "com.docker.compose.container-number": "1",
      "com.docker.compose.oneoff": "False",
    },
  });
}

async function startFleet(stack: AsyncStack): Promise<Fleet> {
  const dockerd = stack.use(await startDockerd());
  const docker = new RawDocker(dockerd.socketPath);
  await docker.createNetwork(NETWORK);
  for (let n = 1; n <= PREVIEWS; n++) await preview(docker, `pr-${String(n)}`);
  await docker.create("shop-web-1", {
    network: NETWORK,
    labels: { "com.docker.compose.project": "shop", "com.docker.compose.service": "web" },
  });
  const gateway = await gatewayOf(docker, NETWORK);
  const yaml = await readFile(`${EXAMPLE}config/wakegate.yaml`, "utf8");
  const wakegate = stack.use(
    await startWakegate({
      socketPath: docker.socketPath,
      listen: { internal: `${gateway}:9190`, public: `${gateway}:9191` },
      yaml: yaml.replace("{project}.localhost", `{project}.${DOMAIN}`),
    }),
  );
  const caddy = stack.use(
    await startCaddyContainer({
      docker,
      network: NETWORK,
      file: `${EXAMPLE}Caddyfile`,
      env: { DOMAIN, LABEL: String(DOMAIN.split(".").length), ISSUER: "internal" },
      hosts: { wakegate: gateway },
    }),
  );
  return { docker, wakegate, caddy };
}

suite(["docker", "caddy"], "eighty preview environments behind Caddy", () => {
  const stack = new AsyncStack();
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet(stack);
  }, 180_000);
  afterAll(async () => await stack[Symbol.asyncDispose](), 60_000);

  const get = (project: string, more: Partial<Visit> = {}): Promise<Seen> =>
    visit({ address: fleet.caddy.address, port: 443, tls: true, host: hostOf(project), ...more });
  /** A handshake for that name that trusts Caddy's authority: the names of the certificate, or why there is none. */
  const handshake = async (host: string): Promise<string | undefined> => {
    const ca = await fleet.caddy.authority();
    return await new Promise((resolve) => {
      const socket = connect({ host: fleet.caddy.address, port: 443, servername: host, ca }, () => {
        resolve(socket.getPeerCertificate().subjectaltname);
        socket.destroy();
      });
      socket.once("error", (error: NodeJS.ErrnoException) => resolve(`refused: ${String(error.code)}`));
    });
  };
  const REFUSED = "refused: ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR";
  const may = async (host: string): Promise<number> =>
    (await fetch(`http://${fleet.wakegate.internal}/api/caddy/ask?domain=${host}`)).status;
  const running = async (): Promise<readonly string[]> => {
    const list = (await fleet.docker.call("GET", "/containers/json")) as { Names: string[] }[];
    return list.flatMap(({ Names }) => Names).filter((name) => name.startsWith("/pr-"));
  };

  it("may all have a certificate, and nobody else", async () => {
    const previews = Array.from({ length: PREVIEWS }, (_, n) => hostOf(`pr-${String(n + 1)}`));
    expect(await Promise.all(previews.map(may))).toEqual(previews.map(() => 200));
    const others = ["pr-81", "shop", "www", "pr-1.pr-2"].map(hostOf);
    expect(await Promise.all([...others, DOMAIN].map(may))).toEqual([404, 404, 404, 404, 404]);
    expect(await running()).toEqual([]);
  });

  it("get a certificate while they sleep, and are not woken by the handshake", async () => {
    expect(await handshake(hostOf("pr-17"))).toBe(`DNS:${hostOf("pr-17")}`);
    expect(await statusOf(fleet.docker, "pr-17-web-1")).toBe("created");
    expect(await handshake(hostOf("pr-81"))).toBe(REFUSED);
    expect(await handshake(hostOf("www"))).toBe(REFUSED);
  });

  it("wake with the first HTTPS request, alone", async () => {
    const answer = await get("pr-42");
    expect([answer.status, answer.headers["x-app"]]).toEqual([200, "pr-42"]);
    expect(await running()).toEqual(["/pr-42-web-1"]);
  });

  it("show a browser the page, which follows the wake on a route of its own", async () => {
    const page = await get("pr-50", { headers: BROWSER });
    expect([page.status, page.headers["content-type"]]).toEqual([503, "text/html; charset=utf-8"]);
    await eventually("pr-50 answers", async () => (await get("pr-50", { headers: BROWSER })).status === 200);
    // Without a token the public listener refuses; the app would say 200.
    expect((await get("pr-50", { path: "/.wakegate/status" })).status).toBe(403);
  });

  it("are followed as they come", async () => {
    await preview(fleet.docker, "pr-81");
    await eventually("pr-81 is known", async () => (await may(hostOf("pr-81"))) === 200);
    expect(await handshake(hostOf("pr-81"))).toBe(`DNS:${hostOf("pr-81")}`);
    expect((await get("pr-81")).headers["x-app"]).toBe("pr-81");
  });

  it("are told to be gone when they went, and get no certificate where they had none", async () => {
    expect((await get("pr-3")).status).toBe(200);
    await fleet.docker.rm("pr-3-web-1");
    await fleet.docker.rm("pr-4-web-1");
    // It may be an update that creates them anew: for 30 s they are only missing.
    const gone = await eventually(
      "pr-3 is gone",
      async () => {
        const answer = await get("pr-3");
        return answer.status === 410 && answer;
      },
      60_000,
    );
    expect([gone.headers["x-wakegate"], gone.body]).toEqual(["missing", "pr-3 was merged or closed.\n"]);
    const page = await get("pr-3", { headers: BROWSER });
    expect([page.status, page.body]).toEqual([
      410,
      expect.stringContaining("pr-3 was merged or closed</h1>"),
    ]);
    expect(await may(hostOf("pr-3"))).toBe(404);
    expect(await handshake(hostOf("pr-4"))).toBe(REFUSED);
    await preview(fleet.docker, "pr-3");
    await eventually("pr-3 is back", async () => (await may(hostOf("pr-3"))) === 200);
    expect((await get("pr-3")).headers["x-app"]).toBe("pr-3");
  }, 120_000);

  it("say in the log what was refused, once and not for each name", () => {
    const refused = fleet.wakegate.log().filter(({ event }) => event === "certificate_refused");
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(8);
  });
});
