import { beforeAll, expect, it } from "vitest";
import { told } from "./support/first-requests.ts";
import { eachTraefik, type Recipe } from "./support/traefik-recipe.ts";

/** Asked before requests; what it does stands in its path. */
const ORACLE = `require("http").createServer((q, s) => {
  if (q.url === "/hang") return;
  if (q.url === "/login") return s.writeHead(302, { Location: "/sign-in?rd=1" }).end();
  if (q.url === "/parts") {
    s.writeHead(403, { "X-Oracle": "yes" });
    s.write("one ");
    return setTimeout(() => s.end("two"), 600);
  }
  const body = JSON.stringify({ method: q.method, url: q.url, headers: q.headers });
  s.writeHead(403, { "Content-Type": "application/json" }).end(body);
}).listen(9092)`;

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Router and middleware of one question, on the oracle's own labels. */
function question(
  name: string,
  path: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const [router, auth] = [`traefik.http.routers.${name}`, `traefik.http.middlewares.${name}.forwardauth`];
  return {
    [`${router}.rule`]: `Host(\`${name}.localhost\`)`,
    [`${router}.entrypoints`]: "web",
    [`${router}.middlewares`]: name,
    [`${auth}.address`]: `http://oracle:9092${path}`,
    [`${auth}.trustforwardheader`]: "false",
    ...more,
  };
}

// What the recipes stand on. Where this fails against the real Traefik, the double and the recipes are wrong.
eachTraefik("what Traefik does", { recipe: "labels" }, (recipe) => {
  let r: Recipe;

  beforeAll(async () => {
    r = recipe();
    await r.docker.run("oracle", {
      network: r.network,
      cmd: ["/bin/node", "-e", ORACLE],
      labels: {
        "traefik.enable": "true",
        ...question("tell", "/tell", {
          "traefik.http.middlewares.tell.forwardauth.authrequestheaders":
            "Accept,Content-Type,Sec-WebSocket-Version",
        }),
        ...question("hang", "/hang"),
        ...question("login", "/login"),
        ...question("parts", "/parts"),
        ...question("nobody", "/", {
          "traefik.http.middlewares.nobody.forwardauth.address": "http://nobody:1/",
        }),
        // As long as the other rule, and one point above it.
        "traefik.http.routers.short.rule": "PathPrefix(`/own-path`)",
        "traefik.http.routers.short.priority": "30",
        "traefik.http.routers.short.entrypoints": "web",
        "traefik.http.routers.short.middlewares": "login",
      },
    });
    await r.app(
      "trap",
      {
        "traefik.docker.allownonrunning": "true",
        "traefik.http.routers.trap.rule": "Host(`trap.localhost`)",
        "traefik.http.routers.trap.entrypoints": "web",
        "traefik.http.routers.trap.middlewares": "wakegate@docker",
        "traefik.http.services.trap.loadbalancer.server.port": "8080",
      },
      { env: { BOOT_MS: "1000" } },
    );
    await r.docker.run("nudge", { network: r.network });
    await r.settled();
  });

  it("asks with GET and without body, cookies and forged headers, and about the real request", async () => {
    const seen = await r.get("tell.localhost", {
      path: "/a?b=1",
      method: "POST",
      body: "name=value",
      headers: {
        Cookie: "secret=1",
        "Content-Type": "text/x",
        Connection: "keep-alive, X-Dropped",
        "X-Dropped": "1",
        "X-Forwarded-Uri": "/forged",
        "X-Forwarded-Method": "GET",
        "X-Forwarded-Host": "forged.localhost",
      },
    });
    const { method, url, headers } = JSON.parse(seen.body) as Asked;
    expect([seen.status, method, url]).toEqual([403, "GET", "/tell"]);
    expect(headers).toMatchObject({
      host: "oracle:9092",
      "content-type": "text/x",
      "x-forwarded-method": "POST",
      "x-forwarded-uri": "/a?b=1",
      "x-forwarded-host": "tell.localhost",
      "x-forwarded-proto": "http",
    });
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(["cookie"]));
    expect(headers["x-dropped"]).toBeUndefined();
    expect(headers["content-length"]).toBeUndefined();
  });

  it("shows a WebSocket's handshake without Upgrade, but with its version", async () => {
    const headers = { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13" };
    const asked = JSON.parse((await r.get("tell.localhost", { headers })).body) as Asked;
    expect([asked.headers["upgrade"], asked.headers["sec-websocket-version"]]).toEqual([undefined, "13"]);
  });

  it("reads the whole answer first", async () => {
    const seen = await r.get("parts.localhost");
    expect([seen.status, seen.headers["x-oracle"], seen.headers["content-length"], seen.body]).toEqual([
      403,
      "yes",
      "7",
      "one two",
    ]);
  });

  it("makes a relative address one of the asked server", async () => {
    const seen = await r.get("login.localhost");
    expect([seen.status, seen.headers.location]).toEqual([302, "http://oracle:9092/sign-in?rd=1"]);
  });

  it("takes the router with the higher priority, the longer rule without one", async () => {
    // Host(`tell.localhost`) has 22 characters.
    expect((await r.get("tell.localhost", { path: "/own-path" })).status).toBe(302);
    expect((await r.get("tell.localhost", { path: "/other" })).status).toBe(403);
  });

  it("answers 500 when nobody answers it", async () => {
    expect((await r.get("nobody.localhost")).status).toBe(500);
  });

  it("gives the question 30 s, then answers 500", async () => {
    const since = Date.now();
    expect((await r.get("hang.localhost")).status).toBe(500);
    expect(Date.now() - since).toBeGreaterThan(29_000);
    expect(Date.now() - since).toBeLessThan(33_000);
  });

  it("keeps a held request on the handlers of its time: hence static addresses", async () => {
    expect((await r.get("trap.localhost")).status).toBe(500);
    await r.settled();
    expect(told((await r.get("trap.localhost", { path: "/now" })).body).url).toBe("/now");
  });
});
