import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalHost } from "../../src/forward-auth/host-name.ts";
import { parseFacts, type ParsedFacts, type RequestFacts } from "../../src/forward-auth/request-facts.ts";
import { createTrustedPeers } from "../../src/forward-auth/trusted-peers.ts";

const trusted = createTrustedPeers(["10.0.0.0/8", "127.0.0.1"]);

function parse(headers: readonly string[]): ParsedFacts {
  return parseFacts(headers, "127.0.0.1", "forward-auth", trusted);
}

const BASE = ["X-Forwarded-Method", "GET", "X-Forwarded-Host", "blog.example.com", "X-Forwarded-Uri", "/"];

function facts(...more: readonly string[]): RequestFacts {
  const parsed = parse([...BASE, ...more]);
  if (!parsed.ok) throw new Error(parsed.wrong.join());
  return parsed.facts;
}

function wrong(headers: readonly string[]): readonly string[] {
  const parsed = parse(headers);
  return parsed.ok ? [] : parsed.wrong;
}

function replace(name: string, value: string): string[] {
  return BASE.map((text, index) => (BASE[index - 1] === name ? value : text));
}

describe("parseFacts()", () => {
  it("names every header that is missing", () => {
    expect(wrong([])).toEqual([
      "X-Forwarded-Method is missing",
      "X-Forwarded-Host is missing",
      "X-Forwarded-Uri is missing",
    ]);
  });

  it("refuses a header that is there twice", () => {
    expect(wrong([...BASE, "x-forwarded-host", "evil.example"])).toEqual([
      "X-Forwarded-Host is there more than once",
    ]);
    expect(wrong([...BASE, "x-forwarded-uri", "/admin"])).toEqual([
      "X-Forwarded-Uri is there more than once",
    ]);
  });

  it("ignores the underscore spelling of a header", () => {
    expect(facts("X_Forwarded_Host", "evil.example", "x-forwarded_host", "evil.example").host).toBe(
      "blog.example.com",
    );
  });

  it("refuses an absolute URI, spaces and the star", () => {
    for (const uri of ["http://evil/", "*", "", "/a b", "/a\tb", "a"]) {
      expect(wrong(replace("X-Forwarded-Uri", uri))).toEqual(["X-Forwarded-Uri is malformed"]);
    }
  });

  it("refuses a method that is none", () => {
    for (const method of ["", "GET,POST", "G T", "GET/", "G\u00c9T", "X".repeat(129)]) {
      expect(wrong(replace("X-Forwarded-Method", method))).toEqual(["X-Forwarded-Method is malformed"]);
    }
  });

  it("takes every method that HTTP allows, as it is written", () => {
    for (const method of [
      "RPC_IN_DATA",
      "SSTP_DUPLEX_POST",
      "get",
      "M-SEARCH",
      "x.y~z",
      "1",
      "!#$%&'*+-.^_`|~",
    ]) {
      const parsed = parse(replace("X-Forwarded-Method", method));
      expect(parsed.ok && [parsed.facts.method, parsed.facts.navigation]).toEqual([method, false]);
      const nginx = ["X-Original-Method", method, "X-Original-URL", "https://blog.example.com/"];
      const original = parseFacts(nginx, "127.0.0.1", "nginx", trusted);
      expect(original.ok && original.facts.method).toBe(method);
    }
  });

  it("says that a host is a list where it is one", () => {
    expect(wrong(replace("X-Forwarded-Host", "blog.example.com, proxy.lan"))).toEqual([
      "X-Forwarded-Host is a list (blog.example.com, proxy.lan)",
    ]);
  });

  it("takes ws and wss for the schemes below them", () => {
    expect(facts("X-Forwarded-Proto", "wss").proto).toBe("https");
    expect(facts("X-Forwarded-Proto", "ws").proto).toBe("http");
    expect(facts("X-Forwarded-Proto", "https,http").proto).toBe("https");
  });

  it("finds the client behind trusted proxies only", () => {
    expect(facts("X-Forwarded-For", "6.6.6.6, 203.0.113.9, 10.1.2.3").client).toBe("203.0.113.9");
    expect(facts("X-Forwarded-For", "6.6.6.6, junk").client).toBe("127.0.0.1");
    expect(facts("X-Forwarded-For", "10.0.0.7").client).toBe("10.0.0.7");
    expect(facts("X-Forwarded-For", "[2001:db8::1]:443").client).toBe("2001:db8::1");
    expect(facts("X-Forwarded-For", "1.2.3.4", "X-Forwarded-For", "5.6.7.8:99").client).toBe("5.6.7.8");
    expect(facts().client).toBe("127.0.0.1");
  });

  it("tells a navigation by fetch metadata, without it by an explicit text/html", () => {
    expect(facts("Sec-Fetch-Mode", "navigate").navigation).toBe(true);
    expect(facts("Sec-Fetch-Mode", "cors", "Accept", "text/html").navigation).toBe(false);
    expect(facts("Accept", "text/html,*/*").navigation).toBe(true);
    expect(facts("Accept", "*/*").navigation).toBe(false);
    expect(facts("Accept", "application/json, text/html;q=0.9").navigation).toBe(false);
    expect(facts("Accept", "text/html;q=0").navigation).toBe(false);
    expect(facts("Accept", "application/xml;q=0.9,application/xhtml+xml,*/*;q=0.8").navigation).toBe(true);
    const post = parse([...replace("X-Forwarded-Method", "POST"), "Sec-Fetch-Mode", "navigate"]);
    expect(post.ok && post.facts.navigation).toBe(false);
  });

  it.each([
    ["Java/17.0.2", "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"],
    ["Java-http-client/21.0.1", "text/html"],
    ["Apache-HttpClient/4.5.14 (Java/17.0.2)", "text/html,*/*"],
    ["python-requests/2.32.3", "text/html,application/xhtml+xml"],
    ["Python/3.12 aiohttp/3.9.5", "text/html"],
    ["Go-http-client/2.0", "text/html"],
    ["okhttp/4.12.0", "text/html"],
    ["curl/8.5.0", "text/html"],
    ["Wget/1.21.4", "text/html"],
    ["libwww-perl/6.72", "text/html"],
    ["GuzzleHttp/7", "text/html"],
    ["axios/1.7.2", "text/html"],
    ["node", "text/html"],
    ["MyApp/12 CFNetwork/1494.0.7 Darwin/23.4.0", "text/html"],
    ["reqwest/0.12", "text/html"],
    ["Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1) Java/1.8.0_392", "image/gif, text/html"],
  ])("does not take %s for a browser, whatever it accepts", (userAgent, accept) => {
    expect(facts("User-Agent", userAgent, "Accept", accept).navigation).toBe(false);
  });

  it.each([
    "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 Version/4.0 Chrome/131.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C; rv:11.0) like Gecko",
    "Opera/9.80 (Windows NT 6.1) Presto/2.12.388 Version/12.18",
    "Lynx/2.9.0dev.12 libwww-FM/2.14 SSL-MM/1.4.1 GNUTLS/3.7.8",
    "w3m/0.5.3+git20230121",
    "Dillo/3.1.1",
  ])("takes %s for a browser where it sends no fetch metadata", (userAgent) => {
    const html = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    expect(facts("User-Agent", userAgent, "Accept", html, "X-Requested-With", "org.app").navigation).toBe(
      true,
    );
  });

  it("knows a script of a page that accepts HTML", () => {
    const marks = [
      ["X-Requested-With", "XMLHttpRequest"],
      ["HX-Request", "true"],
      ["Turbo-Frame", "list"],
      ["X-Turbo-Request-Id", "1"],
      ["X-PJAX", "true"],
      ["Origin", "http://other.example.com"],
    ];
    for (const mark of marks) expect(facts("Accept", "text/html", ...mark).navigation).toBe(false);
  });

  it("knows a bare HEAD from one of a browser or of a program that begins with it", () => {
    const head = (...more: readonly string[]): boolean => {
      const parsed = parse([...replace("X-Forwarded-Method", "HEAD"), ...more]);
      return parsed.ok && parsed.facts.bareHead;
    };
    expect(head()).toBe(true);
    expect(head("User-Agent", "curl/8.5.0")).toBe(true);
    expect(head("User-Agent", "Mozilla/5.0 Firefox/132.0", "Accept", "text/html")).toBe(true);
    expect(head("Sec-Fetch-Mode", "cors")).toBe(false);
    for (const agent of [
      "rclone/v1.68.0",
      "aws-cli/2.17 md/x",
      "docker/27.3 go/go1.22",
      "VLC/3.0.20 LibVLC/3.0.20",
    ]) {
      expect(head("User-Agent", agent)).toBe(false);
    }
    expect(facts("User-Agent", "curl/8.5.0").bareHead).toBe(false);
  });

  it("sees handshakes of long-lived kinds as Traefik and Caddy forward them", () => {
    expect(facts("Sec-WebSocket-Version", "13").longLived).toBe(true);
    expect(facts("Connection", "Upgrade", "Upgrade", "websocket").longLived).toBe(true);
    expect(facts("Upgrade", "h2c").longLived).toBe(false);
    expect(facts("Accept", "text/event-stream").longLived).toBe(true);
    expect(facts("Content-Type", "application/grpc+proto").grpc).toBe(true);
    expect(facts().longLived).toBe(false);
  });

  it("sees what a browser asks for by itself", () => {
    expect(facts("Sec-Purpose", "prefetch;prerender").prefetch).toBe(true);
    expect(facts("Purpose", "prefetch").prefetch).toBe(true);
    expect(facts("X-Moz", "prefetch").prefetch).toBe(true);
    expect(facts("Service-Worker", "script").serviceWorkerScript).toBe(true);
  });

  it("reports the URI as it is and matches by a normal form", () => {
    const { uri, path } = (
      parse(replace("X-Forwarded-Uri", "/admin/../x?a=/../y")) as { facts: RequestFacts }
    ).facts;
    expect(uri).toBe("/admin/../x?a=/../y");
    expect(path).toBe("/x");
  });

  it("puts a prefix that the proxy took off back where the operator says so, and nowhere else", () => {
    const stripped = (
      prefix: readonly string[],
      dialect: "forward-auth" | "forward-auth-prefix",
    ): unknown => {
      const headers = [
        ...replace("X-Forwarded-Uri", "/post?a=b"),
        ...prefix.flatMap((value) => ["X-Forwarded-Prefix", value]),
      ];
      const parsed = parseFacts(headers, "127.0.0.1", dialect, trusted);
      return parsed.ok ? [parsed.facts.uri, parsed.facts.path] : parsed.wrong;
    };
    expect(stripped(["/blog"], "forward-auth-prefix")).toEqual(["/blog/post?a=b", "/blog/post"]);
    expect(stripped(["/blog/"], "forward-auth-prefix")).toEqual(["/blog/post?a=b", "/blog/post"]);
    expect(stripped([], "forward-auth-prefix")).toEqual(["/post?a=b", "/post"]);
    expect(stripped(["/a", "/b"], "forward-auth-prefix")).toEqual([
      "X-Forwarded-Uri is there more than once",
    ]);
    expect(stripped(["blog"], "forward-auth-prefix")).toEqual(["X-Forwarded-Uri is malformed"]);
    expect(stripped(["/blog"], "forward-auth")).toEqual(["/post?a=b", "/post"]);
  });

  it("reads nginx's absolute URL", () => {
    const read = (url: string): ParsedFacts =>
      parseFacts(
        ["X-Original-Method", "POST", "X-Original-URL", url, ...BASE],
        "127.0.0.1",
        "nginx",
        trusted,
      );
    const parsed = read("https://App.example.com:8443/a?b=c");
    expect(
      parsed.ok && [parsed.facts.host, parsed.facts.uri, parsed.facts.proto, parsed.facts.method],
    ).toEqual(["app.example.com", "/a?b=c", "https", "POST"]);
    expect(read("https://hosthttp://evil/").ok).toBe(false);
    expect(read("https://user@evil/").ok).toBe(false);
    expect(read("/relative").ok).toBe(false);
    expect(read("ftp://a/").ok).toBe(false);
  });

  it("never throws, whatever comes", () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom(...BASE, "Accept", "X-Forwarded-For", "::ffff:10.0.0.1"),
    );
    fc.assert(
      fc.property(fc.array(text), (headers) => {
        const parsed = parse(headers);
        expect(parsed.ok ? parsed.facts.path.startsWith("/") : parsed.wrong.length > 0).toBe(true);
      }),
    );
  });
});

describe("normalHost()", () => {
  it("drops port, trailing dot and case", () => {
    expect(normalHost("Blog.Example.COM.:8443")).toBe("blog.example.com");
    expect(normalHost("[2001:DB8::1]:80")).toBe("[2001:db8::1]");
    expect(normalHost("localhost")).toBe("localhost");
  });

  it("refuses whatever could be read in two ways", () => {
    const bad = [
      "",
      ".",
      "a,b",
      "a b",
      "a\tb",
      "a:",
      "a:b",
      "u@a",
      "a/b",
      "a..b",
      ".a",
      "a\u0000",
      "ä.de",
      "[::1",
    ];
    for (const host of bad) expect(normalHost(host)).toBeUndefined();
    expect(normalHost("a".repeat(300))).toBeUndefined();
  });
});

describe("createTrustedPeers()", () => {
  it("reads IPv4 in IPv6 as IPv4", () => {
    expect(trusted.has("::ffff:10.9.9.9")).toBe(true);
    expect(trusted.has("::ffff:11.9.9.9")).toBe(false);
    expect(trusted.has("nonsense")).toBe(false);
    expect(trusted.has(undefined)).toBe(false);
  });

  it("refuses what is no block, by name", () => {
    for (const block of ["10.0.0.0/33", "10.0.0.0/8/8", "private", "10.0.0.0/-1"]) {
      expect(() => createTrustedPeers([block])).toThrow(block);
    }
  });
});
