import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAddress } from "../../src/config/values/address.ts";
import { parseCidr } from "../../src/config/values/cidr.ts";
import { parseDependency } from "../../src/config/values/dependency.ts";
import { formatRoute, parseHostPattern } from "../../src/config/values/host-pattern.ts";
import { parseListenAddress } from "../../src/config/values/listen-address.ts";
import { parseName, toName } from "../../src/config/values/names.ts";
import { parsePath } from "../../src/config/values/path.ts";
import { parseStatusRanges } from "../../src/config/values/status-ranges.ts";
import { parseStopSignal } from "../../src/config/values/stop-signal.ts";
import { suggest } from "../../src/config/values/suggest.ts";
import { parseBaseUrl, parseEngineUrl } from "../../src/config/values/urls.ts";
import { messageFor, valueOf } from "./support.ts";

describe("parseStopSignal", () => {
  it("takes names with and without SIG, real-time ones too", () => {
    expect(valueOf(parseStopSignal("SIGINT"))).toBe("SIGINT");
    expect(valueOf(parseStopSignal("quit"))).toBe("SIGQUIT");
    expect(valueOf(parseStopSignal("USR1"))).toBe("SIGUSR1");
    expect(valueOf(parseStopSignal("WINCH"))).toBe("SIGWINCH");
    expect(valueOf(parseStopSignal("SIGRTMIN+3"))).toBe("SIGRTMIN+3");
    expect(valueOf(parseStopSignal("RTMAX-2"))).toBe("SIGRTMAX-2");
  });

  it("refuses numbers and strangers", () => {
    expect(messageFor(parseStopSignal("9"))).toContain("not its number");
    expect(messageFor(parseStopSignal("SIGTREM"))).toContain('did you mean "SIGTERM"');
    expect(messageFor(parseStopSignal("SIGRTMIN-3"))).toContain("SIGRTMIN+15");
    expect(messageFor(parseStopSignal("SIGRTMIN+40"))).toContain("SIGRTMIN+15");
  });
});

describe("parseCidr", () => {
  it("takes blocks, single addresses and words", () => {
    expect(valueOf(parseCidr("172.18.0.0/16"))).toEqual(["172.18.0.0/16"]);
    expect(valueOf(parseCidr("10.0.0.1"))).toEqual(["10.0.0.1/32"]);
    expect(valueOf(parseCidr("fd00::1"))).toEqual(["fd00::1/128"]);
    expect(valueOf(parseCidr("loopback"))).toEqual(["127.0.0.0/8", "::1/128"]);
    expect(valueOf(parseCidr("private"))).toContain("192.168.0.0/16");
  });

  it("refuses impossible ones", () => {
    expect(messageFor(parseCidr("10.0.0.0/33"))).toContain("/32");
    expect(messageFor(parseCidr("privat"))).toContain('did you mean "private"');
    expect(parseCidr("300.0.0.1").ok).toBe(false);
    expect(parseCidr("__proto__").ok).toBe(false);
  });
});

describe("parseListenAddress", () => {
  it("takes IPv4, IPv6, names and all addresses", () => {
    expect(valueOf(parseListenAddress("127.0.0.1:9190"))).toEqual({ host: "127.0.0.1", port: 9190 });
    expect(valueOf(parseListenAddress("[::1]:9190"))).toEqual({ host: "::1", port: 9190 });
    expect(valueOf(parseListenAddress("localhost:0"))).toEqual({ host: "localhost", port: 0 });
    expect(valueOf(parseListenAddress(":9190"))).toEqual({ host: "0.0.0.0", port: 9190 });
  });

  it("refuses the rest with advice", () => {
    expect(messageFor(parseListenAddress("9190"))).toContain("write 127.0.0.1:9190");
    expect(messageFor(parseListenAddress("::1:9190"))).toContain("brackets");
    expect(messageFor(parseListenAddress("http://x:1"))).toContain("without a scheme");
    expect(messageFor(parseListenAddress("127.0.0.1:70000"))).toContain("65535");
    expect(parseListenAddress("300.1.1.1:80").ok).toBe(false);
  });
});

describe("parseHostPattern", () => {
  it("takes hosts, one star, prefixes", () => {
    expect(valueOf(parseHostPattern("Blog.Example.com"))).toEqual({ host: "blog.example.com", prefix: "/" });
    expect(valueOf(parseHostPattern("*.example.com"))).toEqual({ host: "*.example.com", prefix: "/" });
    expect(valueOf(parseHostPattern("example.com/blog/"))).toEqual({ host: "example.com", prefix: "/blog" });
    expect(valueOf(parseHostPattern("bücher.example"))).toEqual({
      host: "xn--bcher-kva.example",
      prefix: "/",
    });
    expect(valueOf(parseHostPattern("nas"))).toEqual({ host: "nas", prefix: "/" });
  });

  it("refuses schemes, ports, stars elsewhere and odd paths", () => {
    expect(messageFor(parseHostPattern("https://a.example.com"))).toContain("write a.example.com");
    expect(messageFor(parseHostPattern("a.example.com:443"))).toContain("without a port");
    expect(messageFor(parseHostPattern("a.*.com"))).toContain("first label");
    expect(messageFor(parseHostPattern("*"))).toContain("first label");
    expect(parseHostPattern("a.example.com/../x").ok).toBe(false);
    expect(parseHostPattern("a.example.com/x?y").ok).toBe(false);
    expect(parseHostPattern("a..b").ok).toBe(false);
    expect(parseHostPattern("").ok).toBe(false);
  });

  it("gives patterns that it reads back unchanged, and never throws", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.domain(), fc.webUrl()), (text) => {
        const parsed = parseHostPattern(text);
        return (
          !parsed.ok || isDeepStrictEqual(valueOf(parseHostPattern(formatRoute(parsed.value))), parsed.value)
        );
      }),
    );
  });
});

describe("small values", () => {
  it("reads dependencies, Compose's third part included", () => {
    expect(valueOf(parseDependency("db"))).toEqual({ name: "db", condition: "service_started" });
    expect(valueOf(parseDependency("db:service_healthy:true"))).toEqual({
      name: "db",
      condition: "service_healthy",
    });
    expect(messageFor(parseDependency("db:healthy"))).toContain("service_healthy");
    expect(parseDependency("db:service_started:maybe").ok).toBe(false);
    expect(parseDependency("").ok).toBe(false);
  });

  it("reads statuses", () => {
    expect(valueOf(parseStatusRanges("200-299, 401,3xx"))).toEqual([
      [200, 299],
      [401, 401],
      [300, 399],
    ]);
    expect(parseStatusRanges("299-200").ok).toBe(false);
    expect(parseStatusRanges("6xx").ok).toBe(false);
  });

  it("reads addresses and refuses URLs", () => {
    expect(valueOf(parseAddress("nas.lan:8080"))).toBe("nas.lan:8080");
    expect(valueOf(parseAddress("[fd00::7]:80"))).toBe("[fd00::7]:80");
    expect(valueOf(parseAddress("fd00::7"))).toBe("[fd00::7]");
    expect(messageFor(parseAddress("http://nas.lan"))).toContain("not a URL");
    expect(parseAddress("nas.lan:0").ok).toBe(false);
    expect(parseAddress("user@nas").ok).toBe(false);
  });

  it("reads engine URLs", () => {
    expect(valueOf(parseEngineUrl("unix:///var/run/docker.sock"))).toBe("unix:///var/run/docker.sock");
    expect(valueOf(parseEngineUrl("tcp://nas"))).toBe("tcp://nas:2375");
    expect(valueOf(parseEngineUrl("https://nas.lan:2376/"))).toBe("https://nas.lan:2376");
    expect(messageFor(parseEngineUrl("/var/run/docker.sock"))).toContain("unix:///var/run/docker.sock");
    expect(messageFor(parseEngineUrl("ssh://me@nas"))).toContain("TLS");
    expect(parseEngineUrl("tcp://nas/x").ok).toBe(false);
    expect(valueOf(parseBaseUrl("https://wake.example.com/"))).toBe("https://wake.example.com");
    expect(parseBaseUrl("wake.example.com").ok).toBe(false);
  });

  it("reads paths and names", () => {
    expect(valueOf(parsePath("/start"))).toBe("/start");
    expect(messageFor(parsePath("start"))).toContain("/start");
    expect(messageFor(parsePath("https://a/start"))).toContain("not a URL");
    expect(messageFor(parsePath("/start?x"))).toContain("query");
    expect(messageFor(parseName("My App"))).toContain("my-app");
    fc.assert(
      fc.property(fc.string(), (text) => {
        const name = toName(text);
        return name === undefined || parseName(name).ok;
      }),
    );
  });

  it("suggests what is near and nothing else", () => {
    expect(suggest("idel_timeout", ["idle_timeout", "wake_timeout"])).toBe("idle_timeout");
    expect(suggest("stopmethod", ["stop_method"])).toBe("stop_method");
    expect(suggest("banana", ["stop_method", "port"])).toBeUndefined();
  });
});
