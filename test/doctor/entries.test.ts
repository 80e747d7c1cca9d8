import { describe, expect, it } from "vitest";
import { entriesOf, entryText, parseEntry } from "../../src/doctor/gather/entries.ts";
import type { InstanceSummary } from "../../src/providers/provider.ts";
import { box } from "./scene.ts";

function texts(
  instances: readonly InstanceSummary[],
  self: InstanceSummary | undefined,
  askers: string[] = [],
) {
  const engines = [{ name: "local", kind: "docker" as const, instances, ...(self && { self }) }];
  return entriesOf({ engines, askers, fromLoopback: false, host: "blog.example.com" }).map(entryText);
}

const traefik = box("front", { image: "traefik:v3", networks: [{ name: "web", address: "172.18.0.2" }] });
const elsewhere = box("other", { image: "caddy:2", networks: [{ name: "far", address: "172.30.0.2" }] });

describe("where the doctor looks for the proxy", () => {
  it("in a container: whoever asked, then proxies on networks it shares, then the host's name", () => {
    const self = box("wakegate", { networks: [{ name: "web", address: "172.18.0.3" }] });
    expect(texts([traefik, elsewhere], self, ["172.18.0.7"])).toEqual([
      "https://172.18.0.7:443",
      "http://172.18.0.7:80",
      "https://172.18.0.2:443",
      "http://172.18.0.2:80",
      "https://blog.example.com:443",
      "http://blog.example.com:80",
    ]);
  });

  it("on the host: all of them, and the host itself", () => {
    expect(texts([elsewhere], undefined)).toContain("http://172.30.0.2:80");
    expect(texts([], undefined)[0]).toBe("https://127.0.0.1:443");
  });

  it("nowhere else than where it was told", () => {
    expect(parseEntry("https://192.168.1.5")).toEqual({ protocol: "https", host: "192.168.1.5", port: 443 });
    expect(parseEntry("[fd00::1]:8080")).toEqual({ protocol: "http", host: "fd00::1", port: 8080 });
    for (const bad of ["http://me@proxy", "http://proxy/path", "ftp://proxy", "http://"]) {
      expect(parseEntry(bad)).toBeUndefined();
    }
  });
});
