import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { startNginx, type NginxOptions } from "../support/nginx.ts";
import type { RunningProxy } from "../support/proxy-process.ts";
import { suite } from "../support/require.ts";
import { startRig, type Rig } from "../http/rig.ts";
import { FakeDirectory, FakeTarget, targetSpec } from "../support/fake-target.ts";
import { fakeApp, type FakeServer } from "./fake-upstreams.ts";
import { ask, NAVIGATION, type Answer, type Question } from "./support/ask.ts";

const HOST = "blog.example.com";
const PASSWORD = { authorization: `Basic ${Buffer.from("ann:secret").toString("base64")}` };
const HTPASSWD = "ann:{PLAIN}secret";

/** The shipped files inside a server block of the operator. */
interface Surroundings {
  /** Directives beside the server block. */
  readonly http?: string;
  /** Directives at the top of the server block. */
  readonly server?: string;
  /** Directives at the top of the app's location. */
  readonly location?: string;
  /** Takes away what the shipped server block sets besides the recipe. */
  readonly without?: RegExp;
  /** Rewrites `listen`. */
  readonly listen?: string;
  readonly options?: Partial<NginxOptions>;
}

const AUTH = "auth_basic blog; auth_basic_user_file htpasswd;";

interface Scene extends AsyncDisposable {
  readonly proxy: RunningProxy;
  readonly rig: Rig;
  readonly app: FakeServer;
  readonly blog: FakeTarget;
  get(path?: string, question?: Question): Promise<Answer>;
}

/** nginx with these surroundings before a real verdict endpoint; the target wakes at once when it is asked to. */
async function stage(the: Surroundings): Promise<Scene> {
  const blog = new FakeTarget(targetSpec("blog"));
  const rig = await startRig(new FakeDirectory(blog));
  const app = await fakeApp();
  const { internal, public: open } = rig;
  const proxy = await startNginx({
    app: app.address,
    wakegate: `127.0.0.1:${String(internal.address.port)}`,
    wakegatePublic: `127.0.0.1:${String(open.address.port)}`,
    htpasswd: HTPASSWD,
    ...the.options,
    editSite: (site) => {
      const whole = the.without ? site.replace(the.without, "") : site;
      const listening =
        the.listen === undefined ? whole : whole.replace(/listen ([^;]+);/, `listen $1 ${the.listen};`);
      return `${the.http ?? ""}\n${listening
        .replace("server {", `server {\n${the.server ?? ""}`)
        .replace("location / {", `location / {\n${the.location ?? ""}`)}`;
    },
  });
  return {
    proxy,
    rig,
    app,
    blog,
    get: (path = "/", question = {}) =>
      ask(`${proxy.url}${path}`, { ...question, headers: { host: HOST, ...question.headers } }),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await app[Symbol.asyncDispose]();
      await rig[Symbol.asyncDispose]();
    },
  };
}

/** What must hold everywhere; `more` are the headers of a visitor who may come in. */
async function expectWholeWake(the: Scene, more: Record<string, string> = {}): Promise<void> {
  const page = await the.get("/a%2Fb?c=d", { headers: { ...NAVIGATION, ...more } });
  expect([page.status, page.headers["x-wakegate"], page.headers["content-type"]]).toEqual([
    503,
    "waking",
    "text/html; charset=utf-8",
  ]);
  expect(page.headers["content-security-policy"]).toMatch(/^default-src 'none'[^,]*$/);
  expect(page.text).toContain("<!doctype html>");
  expect(the.app.seen).toHaveLength(0);
  expect(the.blog.wakes[0]).toMatchObject({ method: "GET", host: HOST });
  const live = await the.get("/.wakegate/status?token=none", { headers: more });
  expect([live.status, live.headers["x-wakegate"]]).toEqual([403, "refused"]);

  the.blog.set({ kind: "asleep" });
  the.blog.onWake = () => setImmediate(() => the.blog.set({ kind: "ready" }));
  const body = Buffer.alloc(3 * 1024 * 1024, "x");
  const upload = await the.get("/upload", { method: "POST", body, headers: more });
  expect(upload.status).toBe(200);
  expect(JSON.parse(upload.text)).toMatchObject({
    method: "POST",
    url: "/upload",
    length: body.length,
    host: HOST,
  });

  const own = await the.get("/private", { headers: { ...NAVIGATION, ...more } });
  expect([own.status, own.headers.location]).toEqual([401, undefined]);
  const escaped = await the.get("/a%2Fb?c=d", { headers: more });
  expect(JSON.parse(escaped.text)).toMatchObject({ url: "/a%2Fb?c=d" });
}

const OWN_ERRORS = `
  error_page 401 403 404 500 502 503 504 = /own-error.html;
  location = /own-error.html { return 200 "an error page of the server block"; }`;

const HARMLESS: Readonly<Record<string, Surroundings>> = {
  "nothing else": {},
  "a limit for uploads in the location": {
    without: /client_max_body_size 0;/,
    location: "client_max_body_size 10m;",
  },
  "no limit for uploads in the location alone": {
    without: /client_max_body_size 0;/,
    location: "client_max_body_size 0;",
  },
  "buffering of its own": { server: "proxy_request_buffering on; proxy_buffering off;" },
  "request buffering off": { server: "proxy_request_buffering off; proxy_max_temp_file_size 0;" },
  "error pages of its own": { server: OWN_ERRORS },
  "error pages that intercept the upstream's": { server: `proxy_intercept_errors on; ${OWN_ERRORS}` },
  // Its page for 401 would be shown in place of every 401, the app's included: that is what it asks for.
  "recursive error pages": {
    server: `proxy_intercept_errors on; recursive_error_pages on; ${OWN_ERRORS.replace("401 ", "")}`,
  },
  "regular expressions for hidden files and assets": {
    server: "location ~ /\\. { deny all; } location ~* \\.(?:html|js|css)$ { return 404; }",
  },
  "a regular expression for everything": { server: "location ~ ^/nothing { return 404; }" },
  "an internal redirect to the app": {
    server: "location = /old { rewrite ^ /upload last; }",
    location: "rewrite ^/never /elsewhere break;",
  },
  "rate and connection limits": {
    http: "limit_req_zone $binary_remote_addr zone=one:1m rate=100r/s; limit_conn_zone $binary_remote_addr zone=two:1m;",
    server: "limit_req zone=one burst=100 nodelay; limit_conn two 100;",
  },
  "gzip for everything": { server: "gzip on; gzip_types *; gzip_proxied any; gzip_min_length 1; gunzip on;" },
  "a cache for everything": {
    http: "proxy_cache_path cache keys_zone=all:1m;",
    server:
      "proxy_cache all; proxy_cache_valid any 10m; proxy_ignore_headers Cache-Control; proxy_cache_bypass $arg_c; proxy_no_cache $arg_c;",
  },
  "security headers": {
    server: `add_header Content-Security-Policy "default-src 'self'" always; add_header X-Frame-Options DENY always;`,
  },
  "the question for the whole server": { server: "auth_request /wakegate-auth;" },
  "headers of its own": {
    server: 'proxy_set_header X-Original-URL ""; proxy_http_version 1.0; proxy_hide_header Retry-After;',
  },
  "slashes kept and headers with underscores": { server: "merge_slashes off; underscores_in_headers on;" },
};

suite("nginx", "the shipped nginx files inside a server block with", () => {
  it.each(Object.entries(HARMLESS))("%s", async (_name, surroundings) => {
    await using the = await stage(surroundings);
    await expectWholeWake(the);
  });

  it.each(Object.entries(HARMLESS))("%s, and Wakegate failing open", async (_name, surroundings) => {
    await using the = await stage({ ...surroundings, options: { snippet: "wakegate-fail-open.conf" } });
    await expectWholeWake(the);
  });

  it.each([
    ["a password for the server", { server: AUTH }],
    ["a password for the location", { location: AUTH }],
    [
      "a password and error pages of its own",
      { location: AUTH, server: `proxy_intercept_errors on; ${OWN_ERRORS}` },
    ],
    [
      "`satisfy any` for the server, which the location overrules",
      { server: `satisfy any; deny all; ${AUTH}`, location: "allow all;" },
    ],
    [
      "a login in a location before",
      { options: { site: "blog.protected.conf" }, without: /(?<=location \/ \{\n)\s*satisfy any;/ },
    ],
  ] as [string, Surroundings][])(
    "%s: strangers get its 401 and wake nothing",
    async (_name, surroundings) => {
      const strict = surroundings.options
        ? { ...surroundings, without: /satisfy any;\n\s*allow 192\.168\.0\.0\/16;\n\s*deny all;/ }
        : surroundings;
      await using the = await stage(strict);
      for (const headers of [NAVIGATION, { authorization: "Basic eDp5" }, {}]) {
        for (const ready of [false, true]) {
          the.blog.set({ kind: ready ? "ready" : "asleep" });
          const stranger = await the.get("/a", { headers });
          expect([stranger.status, stranger.headers.location]).toEqual([401, undefined]);
          expect(stranger.headers["www-authenticate"]).toBe('Basic realm="blog"');
        }
      }
      expect([the.blog.wakes.length, the.blog.touches.length, the.app.seen.length]).toEqual([0, 0, 0]);
      the.blog.set({ kind: "asleep" });
      await expectWholeWake(the, PASSWORD);
    },
  );

  it("addresses or a password (`satisfy any`) in a location before, which asks no password of friends", async () => {
    const friends = { options: { site: "blog.protected.conf" } } satisfies Surroundings;
    await using strangers = await stage(friends);
    const refused = await strangers.get("/", { headers: NAVIGATION });
    expect([refused.status, refused.headers["www-authenticate"]]).toEqual([401, 'Basic realm="blog"']);
    expect(strangers.blog.wakes).toHaveLength(0);
    await expectWholeWake(strangers, PASSWORD);
    await using known = await stage({ ...friends, location: "allow 127.0.0.0/8;" });
    await expectWholeWake(known);
  });

  it("a single sign-on in a location before", async () => {
    await using the = await stage({
      options: { site: "blog.protected.conf" },
      without: /satisfy any;[\s\S]*?(?=# There is no such file)/,
      server: 'location = /sso { internal; if ($cookie_session = "ann") { return 204; } return 401; }',
      location: "auth_request /sso;",
    });
    expect((await the.get("/", { headers: NAVIGATION })).status).toBe(401);
    expect(the.blog.wakes).toHaveLength(0);
    await expectWholeWake(the, { cookie: "session=ann" });
  });

  it("HTTP/2", async () => {
    await using the = await stage({ listen: "http2" });
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
      expect(await text(call)).toContain("<!doctype html>");
      the.blog.set({ kind: "ready" });
      const passed = session.request({ ":authority": HOST, ":path": "/b" });
      expect(JSON.parse(await text(passed))).toMatchObject({ url: "/b", host: HOST });
    } finally {
      session.close();
    }
  });

  it("HTTP/1.0 without Host: the server's own name counts", async () => {
    await using the = await stage({ without: /server_name [^;]+;/, server: `server_name ${HOST};` });
    const talk = async (head: string): Promise<string> => {
      const socket = connect(the.proxy.port, "127.0.0.1");
      socket.write(head);
      return await text(socket);
    };
    const page = await talk("GET /a HTTP/1.0\r\nAccept: text/html\r\n\r\n");
    expect(page).toMatch(/^HTTP\/1\.1 503 /);
    expect(page).toMatch(/\r\nX-Wakegate: waking\r\n/i);
    the.blog.set({ kind: "ready" });
    expect(await talk("GET /b HTTP/1.0\r\n\r\n")).toContain(`"host":"${HOST}"`);
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

  it.each(["RPC_IN_DATA", "SSTP_DUPLEX_POST", "PROPFIND", "M-SEARCH"])("the method %s", async (method) => {
    await using the = await stage({});
    the.blog.onWake = () => the.blog.set({ kind: "ready" });
    const socket = connect(the.proxy.port, "127.0.0.1");
    socket.write(`${method} /x HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`);
    await text(socket);
    expect(the.blog.wakes[0]).toMatchObject({ method });
    expect(the.blog.touches[0]).toMatchObject({ method });
  });

  it("an error page that answers 200: nothing passes while Wakegate is down", async () => {
    await using app = await fakeApp();
    await using proxy = await startNginx({
      app: app.address,
      wakegate: "127.0.0.1:9",
      wakegatePublic: "127.0.0.1:9",
      editSite: (site) => site.replace("server {", `server { ${OWN_ERRORS}`),
    });
    expect((await ask(proxy.url, { headers: { host: HOST } })).status).toBe(500);
    expect(app.seen).toHaveLength(0);
  });
});
