import { execFileSync } from "node:child_process";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { createHash } from "node:crypto";
import { connect as connectHttp2 } from "node:http2";
import { text } from "node:stream/consumers";
import { once } from "node:events";
import { expect, it } from "vitest";
import { launchChromium } from "../support/chromium.ts";
import { startCaddy } from "../support/caddy.ts";
import type { RunningProxy } from "../support/proxy-process.ts";
import { findBinary, suite } from "../support/require.ts";
import { startRig, type Rig } from "../http/rig.ts";
import { FakeDirectory, FakeTarget, route, targetSpec } from "../support/fake-target.ts";
import { fakeApp, type FakeServer } from "./fake-upstreams.ts";
import { ask, NAVIGATION, type Answer, type Question } from "./support/ask.ts";

const HOST = "blog.example.com";
const PASSWORD = { authorization: `Basic ${Buffer.from("ann:secret").toString("base64")}` };

/** The shipped file inside a site of the operator. */
interface Surroundings {
  /** Directives at the top of the site. */
  readonly site?: string;
  /** In place of the shipped `route` of the site. */
  readonly route?: (app: string) => string;
  /** Global options. */
  readonly global?: string;
  /** In place of `http://` and any host: HTTPS for the host, with a certificate of Caddy's own. */
  readonly https?: boolean;
  /** More sites. */
  readonly more?: string;
  /** In place of the snippet's `lb_try_duration`. */
  readonly snippet?: string;
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

/** Caddy with these surroundings before a real verdict endpoint. */
async function stage(the: Surroundings, path = "/"): Promise<Scene> {
  const blog = new FakeTarget(targetSpec("blog", { routes: [{ host: HOST, prefix: path }] }));
  const home = new FakeTarget(targetSpec("home", { routes: path === "/" ? [] : [route(HOST)] }), {
    kind: "ready",
  });
  const rig = await startRig(new FakeDirectory(blog, home));
  const app = await fakeApp();
  const { internal, public: open } = rig;
  const proxy = await startCaddy({
    app: app.address,
    wakegate: `127.0.0.1:${String(internal.address.port)}`,
    wakegatePublic: `127.0.0.1:${String(open.address.port)}`,
    edit: (file) => {
      const routed = the.route
        ? file.replace(
            /(\{\$SITE[^}]*\} \{\n)[\s\S]*$/,
            (_all, head: string) => `${head}${the.route?.(app.address) ?? ""}\n}\n`,
          )
        : file;
      const whole = the.snippet === undefined ? routed : routed.replace("lb_try_duration 5s", the.snippet);
      const secure = (text: string): string =>
        text.replace(/\{\$SITE[^}]*\} \{/, `https://${HOST}:{$PORT} {\n\ttls internal`);
      return `${the.https === true ? secure(whole) : whole}\n${the.more ?? ""}\n`
        .replace(/(\{\$SITE[^}]*\} \{\n)/, (head) => `${head}${the.site ?? ""}\n`)
        .replace(
          "\tadmin {$CADDY_ADMIN:localhost:2019}",
          `\tadmin {$CADDY_ADMIN:localhost:2019}\n${the.global ?? ""}`,
        );
    },
  });
  return {
    proxy,
    rig,
    app,
    blog,
    home,
    get: (at = "/", question = {}) =>
      ask(`${proxy.url}${at}`, { ...question, headers: { host: HOST, ...question.headers } }),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await app[Symbol.asyncDispose]();
      await rig[Symbol.asyncDispose]();
    },
  };
}

/** SHA-256 of the public key that the server shows for the host, in base64. */
async function keyOf(port: number): Promise<string> {
  const socket = connectTls({ host: "127.0.0.1", port, servername: HOST, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const certificate = socket.getPeerX509Certificate();
  socket.destroy();
  const key = certificate?.publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256")
    .update(key ?? "")
    .digest("base64");
}

/** What must hold everywhere: `prefix` is where the app is, `seen` how the app sees `/x` below it. */
async function expectWholeWake(
  the: Scene,
  {
    headers: more = {},
    prefix = "",
    seen = prefix,
  }: { headers?: Record<string, string>; prefix?: string; seen?: string } = {},
): Promise<void> {
  const page = await the.get(`${prefix}/a%2Fb?c=d`, { headers: { ...NAVIGATION, ...more } });
  expect([page.status, page.headers["x-wakegate"], page.headers["content-type"]]).toEqual([
    503,
    "waking",
    "text/html; charset=utf-8",
  ]);
  expect(page.headers["content-security-policy"]).toMatch(/^default-src 'none'[^,]*$/);
  expect(the.app.seen).toHaveLength(0);
  expect(the.blog.wakes[0]).toMatchObject({ method: "GET", host: HOST });
  const live = await the.get("/.wakegate/status?token=none", { headers: more });
  expect([live.status, live.headers["x-wakegate"]]).toEqual([403, "refused"]);

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
  if (seen === "") {
    const own = await the.get(`${prefix}/private`, { headers: { ...NAVIGATION, ...more } });
    expect([own.status, own.headers.location]).toEqual([401, undefined]);
  }
  expect(the.home.wakes.length + the.home.touches.length).toBe(0);
}

suite(["caddy", "chromium"], "the shipped Caddyfile over HTTP/3", () => {
  it("shows the page to a browser, follows the wake and opens the app", async () => {
    await using the = await stage({
      https: true,
      global: "\tskip_install_trust\n\tauto_https disable_redirects",
    });
    const authority = `${HOST}:${String(the.proxy.port)}`;
    let key = "";
    // Caddy listens before it has made the certificate.
    const hasKey = async (): Promise<boolean> => (key = await keyOf(the.proxy.port).catch(() => "")) !== "";
    await expect.poll(hasKey, { timeout: 15_000 }).toBe(true);
    await using chromium = await launchChromium({ authority, key });
    const page = await (await chromium.context()).newPage();
    const shown = await page.goto(`https://${authority}/a?b=c`);
    expect([shown?.status(), shown?.headers()["x-wakegate"]]).toEqual([503, "waking"]);
    const protocol = (): Promise<unknown> =>
      page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol");
    expect(await protocol()).toBe("h3");
    expect(the.blog.wakes[0]).toMatchObject({ method: "GET", host: HOST, path: "/a" });
    the.blog.set({ kind: "ready" });
    await expect
      .poll(() => page.textContent("body").catch(() => ""), { timeout: 20_000 })
      .toContain('"url":"/a?b=c"');
    expect(await protocol()).toBe("h3");
  });
});

suite("caddy", "the shipped Caddyfile inside a site with", () => {
  it.each(
    Object.entries<Surroundings>({
      "nothing else": {},
      compression: { site: "\tencode gzip zstd" },
      "a limit for uploads": { site: "\trequest_body {\n\t\tmax_size 10MB\n\t}" },
      handle_errors: { site: '\thandle_errors {\n\t\trespond "an error page of the site" 200\n\t}' },
      "a rewrite before the question": { site: "\trewrite /never/* /elsewhere" },
      "other routes": {
        route: (app) => `	@api path /api/*
	handle @api {
		respond "api"
	}
	handle {
		route {
			import wakegate
			reverse_proxy ${app}
		}
	}`,
      },
      "a log and a matcher for hidden files": {
        site: "\tlog\n\t@hidden path */.git/*\n\trespond @hidden 403",
      },
    }),
  )("%s", async (_name, surroundings) => {
    await using the = await stage(surroundings);
    await expectWholeWake(the);
  });

  it("security headers for the app: they stand behind the question", async () => {
    await using the = await stage({
      route: (app) => `	route {
		import wakegate
		header Content-Security-Policy "default-src 'self'"
		reverse_proxy ${app}
	}`,
    });
    await expectWholeWake(the);
    expect((await the.get("/a")).headers["content-security-policy"]).toBe("default-src 'self'");
  });

  it.each([
    [
      "handle_path",
      (app: string) => `	reverse_proxy /.wakegate/* {$WAKEGATE_PUBLIC}
	handle_path /blog/* {
		import wakegate
		reverse_proxy ${app}
	}`,
    ],
    [
      "uri strip_prefix before the question",
      (app: string) => `	reverse_proxy /.wakegate/* {$WAKEGATE_PUBLIC}
	handle /blog/* {
		route {
			uri strip_prefix /blog
			import wakegate
			reverse_proxy ${app}
		}
	}`,
    ],
    [
      "a rewrite before the question",
      (app: string) => `	reverse_proxy /.wakegate/* {$WAKEGATE_PUBLIC}
	route {
		uri path_regexp ^/blog ""
		import wakegate
		reverse_proxy ${app}
	}`,
    ],
  ])("%s: the target is found by the visitor's own path", async (_name, routes) => {
    await using the = await stage({ route: routes }, "/blog");
    await expectWholeWake(the, { prefix: "/blog", seen: "" });
  });

  it("a password: strangers get its 401 and wake nothing", async () => {
    const hash = execFileSync(findBinary("caddy") ?? "caddy", ["hash-password", "--plaintext", "secret"], {
      encoding: "utf8",
    }).trim();
    await using the = await stage({ site: `\tbasicauth {\n\t\tann ${hash}\n\t}` });
    for (const headers of [NAVIGATION, { authorization: "Basic eDp5" }, {}]) {
      const stranger = await the.get("/a", { headers });
      expect([stranger.status, stranger.headers["www-authenticate"]]).toEqual([
        401,
        expect.stringContaining("Basic"),
      ]);
    }
    expect(the.blog.wakes).toEqual([]);
    await expectWholeWake(the, { headers: PASSWORD });
  });

  it("other sites beside it, one of them with the same snippet", async () => {
    await using the = await stage({
      more: `http://other.example.com:{$PORT} {
	respond "another site"
}
http://unknown.example.com:{$PORT} {
	route {
		import wakegate
		respond "no target"
	}
}`,
    });
    expect((await the.get("/", { headers: { host: "other.example.com" } })).text).toBe("another site");
    expect((await the.get("/", { headers: { host: "unknown.example.com" } })).text).toBe("no target");
    await expectWholeWake(the);
  });

  it("HTTP/2", async () => {
    await using the = await stage({ global: "\tservers {\n\t\tprotocols h1 h2 h2c\n\t}" });
    const session = connectHttp2(the.proxy.url);
    try {
      const call = session.request({
        ":authority": HOST,
        ":path": "/a",
        accept: "text/html",
        "sec-fetch-mode": "navigate",
      });
      const [headers] = (await once(call, "response")) as [Record<string, unknown>];
      expect([headers[":status"], headers["x-wakegate"]]).toEqual([503, "waking"]);
      call.resume();
      the.blog.set({ kind: "ready" });
      const passed = session.request({ ":authority": HOST, ":path": "/b" });
      expect(JSON.parse(await text(passed))).toMatchObject({ url: "/b" });
    } finally {
      session.close();
    }
  });

  it("HTTP/1.0 without Host: refused, and said in the log once", async () => {
    await using the = await stage({});
    for (const path of ["/a", "/b"]) {
      const socket = connect(the.proxy.port, "127.0.0.1");
      socket.write(`GET ${path} HTTP/1.0\r\n\r\n`);
      expect(await text(socket)).toMatch(/^HTTP\/1\.0 400 /);
    }
    expect(the.rig.logged.filter((line) => line.startsWith("facts_refused"))).toHaveLength(1);
    expect(the.app.seen).toHaveLength(0);
  });

  it("the check of a dashboard, HEAD and then GET without a name, which wakes nothing", async () => {
    await using the = await stage({});
    for (const method of ["HEAD", "GET"]) {
      const check = await the.get("/", { method });
      expect([check.status, check.headers["x-wakegate"]]).toEqual([503, "napping"]);
    }
    expect(the.blog.wakes).toEqual([]);
  });

  it("a client of Java, which would take HTML: held until the app answers", async () => {
    await using the = await stage({});
    the.blog.onWake = () => setImmediate(() => the.blog.set({ kind: "ready" }));
    const accept = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2";
    const answer = await the.get("/x", { headers: { accept, "user-agent": "Java/17.0.2" } });
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([200, { url: "/x" }]);
  });

  it.each(["RPC_IN_DATA", "SSTP_DUPLEX_POST", "PROPFIND", "get", "x~y"])("the method %s", async (method) => {
    await using the = await stage({});
    the.blog.onWake = () => the.blog.set({ kind: "ready" });
    const socket = connect(the.proxy.port, "127.0.0.1");
    socket.write(`${method} /x HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`);
    await text(socket);
    expect(the.blog.wakes[0]).toMatchObject({ method });
    expect(the.blog.touches[0]).toMatchObject({ method });
  });

  it("a second proxy in front that adds a host of its own: the log names the fix, which works", async () => {
    const trusting = "lb_try_duration 5s\n\t\ttrusted_proxies 127.0.0.0/8";
    const list = { headers: { ...NAVIGATION, "x-forwarded-host": `${HOST}, outer.lan` } };
    await using broken = await stage({ snippet: trusting });
    expect((await broken.get("/", list)).status).toBe(400);
    expect(broken.rig.logged.join()).toContain(
      "in Caddy header_up X-Forwarded-Host {host} inside forward_auth",
    );
    await using mended = await stage({ snippet: `${trusting}\n\t\theader_up X-Forwarded-Host {host}` });
    expect(await mended.get("/", list)).toMatchObject({ status: 503, headers: { "x-wakegate": "waking" } });
  });
});
