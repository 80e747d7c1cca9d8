import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { freePort } from "../support/free-port.ts";
import { startProxy, type RunningProxy } from "../support/proxy-process.ts";
import { findBinary, suite } from "../support/require.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { startRig, type Rig } from "../http/rig.ts";
import { FakeDirectory, FakeTarget, route, targetSpec } from "../support/fake-target.ts";
import { fakeApp, type FakeServer } from "./fake-upstreams.ts";
import { ask, NAVIGATION, type Answer, type Question } from "./support/ask.ts";

const HOST = "blog.example.com";
const PASSWORD = { authorization: `Basic ${Buffer.from("ann:secret").toString("base64")}` };

/** The recipe's middleware among those of the operator's own router. */
interface Surroundings {
  /** The router's list, in which `wakegate` is the recipe's. */
  readonly middlewares?: readonly string[];
  /** What the other names stand for. */
  readonly others?: Readonly<Record<string, object>>;
  /** Changes to the recipe's middleware. */
  readonly question?: Readonly<Record<string, unknown>>;
  readonly flags?: readonly string[];
  /** Path of the target's route. */
  readonly path?: string;
}

interface Scene extends AsyncDisposable {
  readonly proxy: RunningProxy;
  readonly rig: Rig;
  readonly app: FakeServer;
  readonly blog: FakeTarget;
  /** Of another app on the same host, at `/`. */
  readonly home: FakeTarget;
  get(path?: string, question?: Question): Promise<Answer>;
}

/** The middleware of examples/traefik/labels, as the file provider takes it. */
function recipe(authority: string): {
  address: string;
  trustForwardHeader: boolean;
  authRequestHeaders: string[];
} {
  const file = new URL("../../examples/traefik/labels/compose.yaml", import.meta.url);
  const { services } = parse(readFileSync(file, "utf8")) as {
    services: { wakegate: { labels: Record<string, string> } };
  };
  const setting = (name: string): string =>
    services.wakegate.labels[`traefik.http.middlewares.wakegate.forwardauth.${name}`] ?? "";
  return {
    address: setting("address").replace("wakegate:9190", authority),
    trustForwardHeader: setting("trustforwardheader") === "true",
    authRequestHeaders: setting("authrequestheaders").split(","),
  };
}

/** The real Traefik with these surroundings before a real verdict endpoint. */
async function stage(the: Surroundings = {}): Promise<Scene> {
  const { path = "/" } = the;
  const blog = new FakeTarget(targetSpec("blog", { routes: [{ host: HOST, prefix: path }] }));
  const home = new FakeTarget(targetSpec("home", { routes: path === "/" ? [] : [route(HOST)] }), {
    kind: "ready",
  });
  const rig = await startRig(new FakeDirectory(blog, home));
  const app = await fakeApp();
  const folder = await tempFolder("traefik");
  const port = await freePort();
  const asked = recipe(`127.0.0.1:${String(rig.internal.address.port)}`);
  const to = (url: string): object => ({ loadBalancer: { servers: [{ url }] } });
  await writeFile(
    join(folder.path, "dynamic.yaml"),
    stringify({
      http: {
        routers: {
          blog: { rule: "PathPrefix(`/`)", service: "blog", middlewares: the.middlewares ?? ["wakegate"] },
          wakegate: { rule: "PathPrefix(`/.wakegate/`)", priority: 1_000_000, service: "wakegate" },
        },
        middlewares: { ...the.others, wakegate: { forwardAuth: { ...asked, ...the.question } } },
        services: {
          blog: to(`http://${app.address}`),
          wakegate: to(`http://127.0.0.1:${String(rig.public.address.port)}`),
        },
      },
    }),
  );
  const proxy = await startProxy({
    program: findBinary("traefik") ?? "traefik",
    args: [
      "--global.checknewversion=false",
      `--entrypoints.web.address=127.0.0.1:${String(port)}`,
      `--providers.file.filename=${join(folder.path, "dynamic.yaml")}`,
      ...(the.flags ?? []),
    ],
    port,
    owns: folder,
  });
  const get: Scene["get"] = (at = "/", question = {}) =>
    ask(`${proxy.url}${at}`, { ...question, headers: { host: HOST, ...question.headers } });
  // Its port answers before its routes are there.
  await expect.poll(async () => (await get("/.wakegate/status")).status, { timeout: 15_000 }).toBe(403);
  return {
    proxy,
    rig,
    app,
    blog,
    home,
    get,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await app[Symbol.asyncDispose]();
      await rig[Symbol.asyncDispose]();
    },
  };
}

async function expectWholeWake(
  the: Scene,
  {
    headers: more = {},
    prefix = "",
    seen = prefix,
  }: { headers?: Record<string, string>; prefix?: string; seen?: string } = {},
): Promise<void> {
  const page = await the.get(`${prefix}/a?c=d`, { headers: { ...NAVIGATION, ...more } });
  expect([page.status, page.headers["x-wakegate"], page.headers["content-type"]]).toEqual([
    503,
    "waking",
    "text/html; charset=utf-8",
  ]);
  expect(page.headers["content-security-policy"]).toMatch(/^default-src 'none'[^,]*$/);
  expect(the.app.seen).toHaveLength(0);
  expect(the.blog.wakes[0]).toMatchObject({ method: "GET", host: HOST, path: `${prefix}/a` });
  the.blog.set({ kind: "asleep" });
  the.blog.onWake = () => setImmediate(() => the.blog.set({ kind: "ready" }));
  const body = Buffer.alloc(3 * 1024 * 1024, "x");
  const upload = await the.get(`${prefix}/upload?a=b`, { method: "POST", body, headers: more });
  expect(upload.status).toBe(200);
  expect(JSON.parse(upload.text)).toMatchObject({
    method: "POST",
    url: `${seen}/upload?a=b`,
    length: body.length,
  });
  expect(the.blog.touches.at(-1)).toMatchObject({ path: `${prefix}/upload` });
  expect((await the.get(seen === prefix ? "/private" : `${prefix}/private`, { headers: more })).status).toBe(
    401,
  );
  expect(the.home.wakes).toEqual([]);
}

suite("traefik", "the recipe's middleware on a real Traefik, with", () => {
  it.each(
    Object.entries<Surroundings>({
      "nothing else": {},
      "retry behind it": {
        middlewares: ["wakegate", "again"],
        others: { again: { retry: { attempts: 3, initialInterval: "50ms" } } },
      },
      "retry before it": {
        middlewares: ["again", "wakegate"],
        others: { again: { retry: { attempts: 3, initialInterval: "50ms" } } },
      },
      "buffering behind it": {
        middlewares: ["wakegate", "whole"],
        others: { whole: { buffering: { maxRequestBodyBytes: 10_000_000, memRequestBodyBytes: 100_000 } } },
      },
      "buffering before it": {
        middlewares: ["whole", "wakegate"],
        others: { whole: { buffering: { maxRequestBodyBytes: 10_000_000 } } },
      },
      "compression and security headers behind it": {
        middlewares: ["wakegate", "small", "safe"],
        others: {
          small: { compress: {} },
          safe: { headers: { contentSecurityPolicy: "default-src 'self'", frameDeny: true } },
        },
      },
      "error pages behind it": {
        middlewares: ["wakegate", "errors"],
        others: { errors: { errors: { status: ["500-599"], service: "wakegate", query: "/own" } } },
      },
      "error pages before it that leave 503 out": {
        middlewares: ["errors", "wakegate"],
        others: { errors: { errors: { status: ["500-502", "504"], service: "wakegate", query: "/own" } } },
      },
      "limits before it": {
        middlewares: ["rate", "few", "wakegate"],
        others: {
          rate: { rateLimit: { average: 1000, burst: 1000 } },
          few: { inFlightReq: { amount: 100 } },
        },
      },
    }),
  )("%s", async (_name, surroundings) => {
    await using the = await stage(surroundings);
    await expectWholeWake(the);
  });

  it("a password before it: strangers get its 401 and wake nothing", async () => {
    // The password is "secret".
    const others = { login: { basicAuth: { users: ["ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="] } } };
    await using the = await stage({ middlewares: ["login", "wakegate"], others });
    for (const headers of [NAVIGATION, { authorization: "Basic eDp5" }]) {
      const stranger = await the.get("/a", { headers });
      expect([stranger.status, stranger.headers["www-authenticate"]]).toEqual([401, 'Basic realm="traefik"']);
    }
    expect(the.blog.wakes).toEqual([]);
    await expectWholeWake(the, { headers: PASSWORD });
  });

  const others = { strip: { stripPrefix: { prefixes: ["/blog"] } } };

  it("stripPrefix behind it: the target is found by the visitor's own path", async () => {
    await using the = await stage({ middlewares: ["wakegate", "strip"], others, path: "/blog" });
    await expectWholeWake(the, { prefix: "/blog", seen: "" });
  });

  it("stripPrefix before it: the address with -prefix puts the prefix back, and visitors cannot", async () => {
    const { authRequestHeaders } = recipe("");
    await using the = await stage({
      middlewares: ["strip", "wakegate"],
      others,
      path: "/blog",
      question: {
        trustForwardHeader: true,
        authRequestHeaders: [...authRequestHeaders, "X-Forwarded-Prefix"],
      },
    });
    const plain = await the.get("/blog/a", { headers: NAVIGATION });
    expect([plain.status, the.blog.wakes.length, the.home.touches.length]).toEqual([200, 0, 1]);
    await using mended = await stage({
      middlewares: ["strip", "wakegate"],
      others,
      path: "/blog",
      question: {
        ...recipe(""),
        address: `http://127.0.0.1:${String(the.rig.internal.address.port)}/api/authz/forward-auth-prefix`,
        trustForwardHeader: true,
        authRequestHeaders: [...authRequestHeaders, "X-Forwarded-Prefix"],
      },
    });
    // The second Traefik asks the first scene's Wakegate.
    const asked = await mended.get("/blog/a", { headers: NAVIGATION });
    expect([asked.status, asked.headers["x-wakegate"], the.blog.wakes.length]).toEqual([503, "waking", 1]);
    the.blog.set({ kind: "asleep" });
    const forged = await mended.get("/a", { headers: { ...NAVIGATION, "x-forwarded-prefix": "/blog" } });
    expect([forged.status, the.blog.wakes.length]).toEqual([200, 1]);
  });

  it("the check of a dashboard, HEAD and then GET without a name, which wakes nothing", async () => {
    await using the = await stage();
    for (const method of ["HEAD", "GET"]) {
      const check = await the.get("/", { method });
      expect([check.status, check.headers["x-wakegate"]]).toEqual([503, "napping"]);
    }
    expect(the.blog.wakes).toEqual([]);
  });

  it("a client of Java, which would take HTML: held until the app answers", async () => {
    await using the = await stage();
    the.blog.onWake = () => setImmediate(() => the.blog.set({ kind: "ready" }));
    const accept = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2";
    const answer = await the.get("/x", { headers: { accept, "user-agent": "Java/17.0.2" } });
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([200, { url: "/x" }]);
  });

  it.each(["RPC_IN_DATA", "SSTP_DUPLEX_POST", "PROPFIND", "get", "x~y"])("the method %s", async (method) => {
    await using the = await stage();
    the.blog.onWake = () => the.blog.set({ kind: "ready" });
    const socket = connect(the.proxy.port, "127.0.0.1");
    socket.write(`${method} /x HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`);
    await text(socket);
    expect(the.blog.wakes[0]).toMatchObject({ method });
    expect(the.blog.touches[0]).toMatchObject({ method });
  });

  it("a second proxy in front that adds a host of its own: the log names the fix, which works", async () => {
    const flags = ["--entrypoints.web.forwardedheaders.insecure=true"];
    const list = { headers: { ...NAVIGATION, "x-forwarded-host": `${HOST}, outer.lan` } };
    await using broken = await stage({ flags, question: { trustForwardHeader: true } });
    expect((await broken.get("/", list)).status).toBe(400);
    expect(broken.rig.logged.join()).toContain("in Traefik trustForwardHeader: false");
    await using shipped = await stage({ flags });
    expect(await shipped.get("/", list)).toMatchObject({ status: 503, headers: { "x-wakegate": "waking" } });
  });
});
