import { describe, expect, it } from "vitest";
import { FakeDirectory, FakeTarget, targetSpec } from "../support/fake-target.ts";
import { fetchRaw, NAVIGATION, startRig, talk, type Rig } from "../http/rig.ts";

interface House extends AsyncDisposable {
  readonly rig: Rig;
  /** Asleep. */
  readonly blog: FakeTarget;
  /** Awake: whoever is taken for its visitor passes. */
  readonly wiki: FakeTarget;
}

async function house(trustedProxies = ["127.0.0.0/8"]): Promise<House> {
  const blog = new FakeTarget(targetSpec("blog", { holdTimeoutMs: 50 }));
  const wiki = new FakeTarget(targetSpec("wiki"), { kind: "ready" });
  const rig = await startRig(new FakeDirectory(blog, wiki), {
    settings: { trustedProxies, unknownHosts: "deny" },
  });
  return { rig, blog, wiki, [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose]() };
}

const ABOUT_BLOG = "X-Forwarded-Method: GET\r\nX-Forwarded-Host: blog.example.com\r\nX-Forwarded-Uri: /\r\n";

function statusLines(text: string): string[] {
  return [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => status ?? "");
}

describe("a client that wants its proxy's headers gone or replaced", () => {
  it("has named them in Connection: what is missing then is refused, and never guessed", async () => {
    await using the = await house();
    for (const left of [
      "X-Forwarded-Method: GET\r\nX-Forwarded-Uri: /\r\n",
      "X-Forwarded-Host: wiki.example.com\r\nX-Forwarded-Uri: /\r\n",
      "X-Forwarded-Method: GET\r\nX-Forwarded-Host: wiki.example.com\r\n",
      "",
    ]) {
      const text = await talk(
        the.rig.internal,
        `GET /api/authz/forward-auth HTTP/1.1\r\nHost: wiki.example.com\r\n${left}Connection: close, X-Forwarded-Host, X-Forwarded-Method\r\n\r\n`,
      );
      expect(statusLines(text)).toEqual(["400"]);
    }
  });

  it("spells them with underscores, or hides them behind a prefix: neither is read", async () => {
    await using the = await house();
    const headers = {
      x_forwarded_host: "wiki.example.com",
      "x-forwarded_host": "wiki.example.com",
      x_forwarded_uri: "/.wakegate/status",
      "x-forwarded-prefix": "/.wakegate",
      "x-original-uri": "/.wakegate/status",
      "x-rewrite-url": "/",
      forwarded: "host=wiki.example.com",
      "x-host": "wiki.example.com",
    };
    const reply = await the.rig.ask({ headers });
    expect([reply.status, reply.headers["x-wakegate"]]).toEqual([503, "waking"]);
    expect(the.wiki.touches).toEqual([]);
  });

  it("sends them twice, or two in one: refused", async () => {
    await using the = await house();
    for (const host of [["blog.example.com", "wiki.example.com"], "blog.example.com, wiki.example.com"]) {
      const reply = await the.rig.ask({ headers: { "x-forwarded-host": host } });
      expect(reply.status).toBe(400);
    }
    expect((await the.rig.ask({ headers: { "x-forwarded-uri": ["/", "/.wakegate/page"] } })).status).toBe(
      400,
    );
    expect((await the.rig.ask({ headers: { "x-forwarded-method": ["GET", "POST"] } })).status).toBe(400);
  });

  it("comes past its proxy: a peer that is not trusted is refused, whatever it says of itself", async () => {
    await using the = await house(["10.0.0.0/8"]);
    for (const headers of [{}, { "x-forwarded-for": "10.0.0.1" }, { "x-real-ip": "10.0.0.1" }]) {
      expect((await the.rig.ask({ host: "wiki.example.com", headers })).status).toBe(403);
    }
    expect(the.wiki.touches).toEqual([]);
  });
});

describe("a client that claims to be somebody for whom there are exceptions", () => {
  it("is a health check by its user agent: sleeping is sleeping", async () => {
    await using the = await house();
    for (const agent of ["GoogleHC/1.0", "kube-probe/1.30", "ELB-HealthChecker/2.0", "Wakegate-readiness"]) {
      expect((await the.rig.ask({ headers: { "user-agent": agent } })).status).toBe(503);
    }
  });

  it("chooses settings by query, cookie or header: only the operator's path chooses a target", async () => {
    await using the = await house();
    const at = "/api/authz/forward-auth?target=wiki&mode=allow";
    const headers = {
      cookie: "wakegate=wiki; target=wiki",
      "x-wakegate": "ready",
      "x-wakegate-target": "wiki",
    };
    const reply = await the.rig.ask({ at, headers });
    expect([reply.status, reply.headers["x-wakegate"]]).toEqual([503, "waking"]);
  });

  it("overrides its method: a form post does not become a page's navigation", async () => {
    await using the = await house();
    const headers = { ...NAVIGATION, "x-http-method-override": "GET", "x-method-override": "GET" };
    const reply = await the.rig.ask({ method: "POST", headers });
    expect(reply.body).not.toContain('id="data"');
  });

  it("writes another Host: it is never looked at", async () => {
    await using the = await house();
    const reply = await the.rig.ask({ headers: { host: "wiki.example.com" } });
    expect([reply.status, reply.headers["x-wakegate"]]).toEqual([503, "waking"]);
  });
});

describe("paths and messages that two readers read differently", () => {
  it("spell the endpoint in other ways: never a pass", async () => {
    await using the = await house();
    for (const path of [
      "/api/authz/forward-auth/../forward-auth",
      "//api/authz/forward-auth",
      "/API/AUTHZ/FORWARD-AUTH",
      "/api/authz/forward-auth%2fwiki",
      "/api/authz/forward-auth/wiki/..",
      "/api/authz/forward-auth/..%2fwiki",
      "/api/authz/forward-auth/wiki%00",
      "/api/authz/auth-request/..;/forward-auth",
      "http://wiki.example.com/api/authz/forward-auth",
      "/",
      "*",
    ]) {
      const text = await talk(
        the.rig.internal,
        `GET ${path} HTTP/1.1\r\nHost: x\r\n${ABOUT_BLOG}Connection: close\r\n\r\n`,
      );
      expect([path, statusLines(text).filter((status) => status.startsWith("2"))]).toEqual([path, []]);
    }
    expect(the.wiki.touches).toEqual([]);
  });

  it("hide a second request in the first one's body or framing: it is not answered", async () => {
    await using the = await house();
    const hidden = `GET /api/authz/forward-auth/wiki HTTP/1.1\r\nHost: x\r\n${ABOUT_BLOG.replace("blog", "wiki")}\r\n`;
    const head = `GET /api/authz/forward-auth HTTP/1.1\r\nHost: x\r\n${ABOUT_BLOG}`;
    const length = `Content-Length: ${String(hidden.length)}\r\n`;
    const tries = [
      `${head}${length}Connection: close\r\n\r\n${hidden}`,
      `${head}${length}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
      `${head}Content-Length: 0\r\n${length}\r\n${hidden}`,
      `${head}Transfer-Encoding: xchunked\r\n\r\n${hidden}`,
      `${head}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`,
      `${head}X: a\n\r\n${hidden}`,
      `${head}X: a\r\n folded: b\r\n\0\r\n\r\n${hidden}`,
    ];
    for (const [index, text] of tries.entries()) {
      const answers = statusLines(await talk(the.rig.internal, text, /HTTP\/1\.1 \d+[\s\S]*\r\n\r\n/));
      expect([index, answers.filter((status) => status.startsWith("2"))]).toEqual([index, []]);
    }
    expect(the.wiki.touches).toEqual([]);
  });

  it("write bytes into a value that would begin another header: refused", async () => {
    await using the = await house();
    const text = await talk(
      the.rig.internal,
      "GET /api/authz/forward-auth HTTP/1.1\r\nHost: x\r\nX-Forwarded-Method: GET\r\nX-Forwarded-Uri: /\r\nX-Forwarded-Host: blog.example.com\rX-Forwarded-Host: wiki.example.com\r\nConnection: close\r\n\r\n",
    );
    expect(statusLines(text)).toEqual(["400"]);
  });
});

describe("the listener that strangers reach", () => {
  it("has neither verdicts nor API nor metrics, whatever a request says it is", async () => {
    await using the = await house();
    const headers = {
      "x-forwarded-method": "GET",
      "x-forwarded-host": "wiki.example.com",
      "x-forwarded-uri": "/",
      "x-original-url": "https://wiki.example.com/",
    };
    for (const path of [
      "/api/authz/forward-auth",
      "/api/authz/auth-request",
      "/api/v1/targets",
      "/metrics",
      "/ui/",
    ]) {
      expect([path, (await fetchRaw(the.rig.public, path, { headers })).status]).toEqual([path, 404]);
    }
    expect(the.blog.wakes).toEqual([]);
  });
});

describe("where a visitor is sent back to", () => {
  it("is a path of the same host, however the URI is written", async () => {
    await using the = await house();
    const strange = [
      "//evil.example/x",
      "/\\evil.example",
      "/%2f/evil.example",
      "///evil.example",
      "/x?to=//evil",
    ];
    for (const uri of strange) {
      const page = await the.rig.ask({ uri, headers: NAVIGATION });
      expect(page.status).toBe(503);
      const action = /action="([^"]+)"/.exec(page.body)?.[1]?.replaceAll("&amp;", "&");
      const links = [...page.body.matchAll(/(?:href|action|src|content)="([^"]*)"/g)].map(
        ([, to]) => to ?? "",
      );
      for (const link of links) {
        expect(new URL(link.replace(/^\d+;\s*url=/i, ""), "https://blog.example.com/").host).toMatch(
          /^(blog\.example\.com)?$/,
        );
      }
      if (action === undefined) continue;
      // As a proxy asks for the form that the page sends without script.
      const back = await the.rig.ask({ method: "POST", uri: action, headers: { accept: "text/html" } });
      const location = back.headers.location ?? "/";
      expect(new URL(location, "https://blog.example.com/").host).toBe("blog.example.com");
    }
  });
});
