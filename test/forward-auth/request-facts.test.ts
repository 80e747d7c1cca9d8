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
    for (const method of ["", "get", "GET,POST", "G T"]) {
      expect(wrong(replace("X-Forwarded-Method", method))).toEqual(["X-Forwarded-Method is malformed"]);
    }
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
    const post = parse([...replace("X-Forwarded-Method", "POST"), "Sec-Fetch-Mode", "navigate"]);
    expect(post.ok && post.facts.navigation).toBe(false);
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
