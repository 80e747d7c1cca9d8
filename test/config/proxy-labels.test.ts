import { describe, expect, it } from "vitest";
import { formatRoute } from "../../src/config/values/host-pattern.ts";
import { ENABLE, line, read, specOf } from "./support.ts";

async function hostsOf(labels: Readonly<Record<string, string>>, yaml = ""): Promise<readonly string[]> {
  return (await specOf("app", { ...ENABLE, ...labels }, yaml)).routes.map(formatRoute);
}

describe("labels of others", () => {
  it("gives hosts, prefixes and port of Traefik", async () => {
    const rule = (text: string) => hostsOf({ "traefik.http.routers.app.rule": text });
    expect(await rule("Host(`a.example.com`) || Host(`b.example.com`)")).toEqual([
      "a.example.com",
      "b.example.com",
    ]);
    expect(await rule("Host(`a.example.com`,`b.example.com`)")).toEqual(["a.example.com", "b.example.com"]);
    expect(await rule("Host(`a.example.com`) && PathPrefix(`/x`)")).toEqual(["a.example.com/x"]);
    expect(
      await rule("(Host(`a.example.com`) || Host(`b.example.com`)) && (PathPrefix(`/x`) || Path(`/y`))"),
    ).toEqual(["a.example.com/x", "a.example.com/y", "b.example.com/x", "b.example.com/y"]);
    expect(await rule("Host(`a.example.com`) && !PathPrefix(`/api`) && Method(`GET`)")).toEqual([
      "a.example.com",
    ]);
    expect(await rule('Host("a.example.com")')).toEqual(["a.example.com"]);
    const spec = await specOf("app", {
      ...ENABLE,
      "traefik.http.routers.app.rule": "Host(`a.example.com`)",
      "traefik.http.services.app.loadBalancer.server.port": "3000",
    });
    expect(spec.port).toBe(3000);
  });

  it("leaves odd rules aside with a warning", async () => {
    const odd = async (rule: string): Promise<string> => {
      const reading = await read("app", { ...ENABLE, "traefik.http.routers.app.rule": rule });
      expect(reading).toMatchObject({ kind: "target", spec: { routes: [] } });
      return reading.problems.map(line).join();
    };
    expect(await odd("HostRegexp(`^.+\\.example\\.com$`)")).toContain("HostRegexp cannot be followed");
    expect(await odd("PathPrefix(`/x`)")).toContain("names no host");
    expect(await odd("Host(`a.example.com`")).toContain("cannot be read");
    expect(await odd("(".repeat(5000))).toContain("cannot be read");
  });

  it("gives hosts and port of caddy-docker-proxy", async () => {
    expect(await hostsOf({ caddy: "a.example.com, http://b.example.com:8080 (snippet)" })).toEqual([
      "a.example.com",
      "b.example.com",
    ]);
    expect(
      await hostsOf({ caddy_0: "a.example.com", caddy_1: "b.example.com/x/*", "caddy_1.reverse_proxy": "x" }),
    ).toEqual(["a.example.com", "b.example.com/x"]);
    const spec = await specOf("app", {
      ...ENABLE,
      caddy: ":80",
      "caddy.reverse_proxy": "{{upstreams 8080}}",
    });
    expect(spec).toMatchObject({ routes: [], port: 8080 });
  });

  it("fills host templates where nothing else names hosts", async () => {
    const yaml = 'defaults: { hosts: ["{service}.example.com"] }';
    expect(await hostsOf({}, yaml)).toEqual(["app.example.com"]);
    expect(await hostsOf({ "com.docker.compose.service": "My_Photos" }, yaml)).toEqual([
      "my-photos.example.com",
    ]);
    expect(await hostsOf({ "wakegate.hosts": "x.example.com" }, yaml)).toEqual(["x.example.com"]);
    expect(await hostsOf({ caddy: "y.example.com" }, yaml)).toEqual(["y.example.com"]);
    const other = await read("app", ENABLE, 'defaults: { hosts: ["{project}.example.com"] }');
    expect(other.problems.map(line).join()).toContain("cannot be filled");
  });

  it("takes dependencies from Compose unless a label names them", async () => {
    const compose = {
      "com.docker.compose.depends_on": "db:service_healthy:true,migrate:service_completed_successfully:false",
    };
    expect((await specOf("app", { ...ENABLE, ...compose })).dependsOn).toEqual([
      { name: "db", condition: "service_healthy" },
      { name: "migrate", condition: "service_completed_successfully" },
    ]);
    expect((await specOf("app", { ...ENABLE, ...compose, "wakegate.depends_on": "" })).dependsOn).toEqual([]);
  });
});
