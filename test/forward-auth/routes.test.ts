import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchPath, sameHostUri } from "../../src/forward-auth/request-path.ts";
import { createRouteLookup } from "../../src/forward-auth/route-lookup.ts";
import { buildRouteTable, findByPath } from "../../src/forward-auth/routes.ts";
import type { DirectoryEntry } from "../../src/watchers/handle.ts";
import { FakeDirectory, route } from "../support/fake-target.ts";

function entry(name: string, ...routes: readonly string[]): DirectoryEntry {
  return { name, routes: routes.map(route) };
}

function find(entries: readonly DirectoryEntry[], host: string, path: string): string | undefined {
  const routes = buildRouteTable(entries).hostRoutes(host);
  return routes && findByPath(routes, path)?.name;
}

describe("buildRouteTable()", () => {
  const entries = [
    entry("root", "a.example.com"),
    entry("admin", "a.example.com/admin"),
    entry("deep", "a.example.com/admin/deep/"),
    entry("wild", "*.example.com"),
    entry("wildapi", "*.example.com/api"),
  ];

  it("takes the longest prefix that ends with a segment", () => {
    expect(find(entries, "a.example.com", "/admin")).toBe("admin");
    expect(find(entries, "a.example.com", "/admin/")).toBe("admin");
    expect(find(entries, "a.example.com", "/administrator")).toBe("root");
    expect(find(entries, "a.example.com", "/admin/deep/x/y")).toBe("deep");
    expect(find(entries, "a.example.com", "/admin/deeper")).toBe("admin");
    expect(find(entries, "a.example.com", "/")).toBe("root");
  });

  it("takes an exact host before a wildcard, which stands for one label", () => {
    expect(find(entries, "b.example.com", "/")).toBe("wild");
    expect(find(entries, "a.b.example.com", "/")).toBeUndefined();
    expect(find(entries, "example.com", "/")).toBeUndefined();
    expect(find(entries, "a.example.com", "/api")).toBe("wildapi");
    expect(find([entry("x", "c.example.com/x"), entry("wild", "*.example.com")], "c.example.com", "/y")).toBe(
      "wild",
    );
  });

  it("gives a route claimed twice to the first by name and says so", () => {
    const table = buildRouteTable([entry("b", "h.com/x"), entry("a", "h.com/x/")]);
    expect(table.duplicates).toMatchObject([{ host: "h.com", prefix: "/x", winner: "a", loser: "b" }]);
  });

  it("gives a route claimed twice to the operator's file, then to the older claim", () => {
    const claim = (name: string, more: object) => ({
      name,
      routes: [{ host: "h.com", prefix: "/", ...more }],
    });
    const winner = (...entries: Parameters<typeof buildRouteTable>[0]) => {
      const table = buildRouteTable(entries);
      return [table.hostRoutes("h.com")?.root?.name, table.duplicates[0]?.because];
    };
    expect(winner(claim("a", { since: 5 }), claim("z", { fromFile: true }))).toEqual([
      "z",
      "the configuration file gives it the host",
    ]);
    expect(winner(claim("a", { since: 5 }), claim("z", { since: 3 }))).toEqual([
      "z",
      "it had the host first",
    ]);
    expect(winner(claim("a", {}), claim("z", { since: 3 }))).toEqual(["z", "it had the host first"]);
    expect(winner(claim("a", { since: 3 }), claim("z", { since: 3 }))).toEqual([
      "a",
      "its name is first in the alphabet",
    ]);
  });

  it("finds the same as trying every prefix", () => {
    const segment = fc.constantFrom("a", "b", "ab", "c");
    const path = fc.array(segment, { maxLength: 5 }).map((parts) => `/${parts.join("/")}`);
    fc.assert(
      fc.property(fc.uniqueArray(path), path, fc.boolean(), (prefixes, asked, slash) => {
        const entries = prefixes.map((prefix) => entry(prefix, `h.com${prefix}`));
        const full = slash && asked !== "/" ? `${asked}/` : asked;
        const best = prefixes
          .filter((prefix) => prefix === "/" || full === prefix || full.startsWith(`${prefix}/`))
          .sort((a, b) => b.length - a.length)[0];
        expect(find(entries, "h.com", full)).toBe(best);
      }),
    );
  });
});

describe("createRouteLookup()", () => {
  it("follows the directory", () => {
    const directory = new FakeDirectory();
    using lookup = createRouteLookup(directory);
    expect(lookup.find("h.com", "/", undefined)).toBe("unknown");
    directory.set([entry("h", "h.com")]);
    expect(lookup.find("h.com", "/", undefined)).toMatchObject({ name: "h" });
    directory.set([]);
    expect(lookup.find("h.com", "/", undefined)).toBe("unknown");
  });

  it("survives the names that plain objects own", () => {
    using lookup = createRouteLookup(new FakeDirectory());
    for (const host of ["__proto__", "constructor", "hasownproperty", "__proto__"]) {
      expect(lookup.find(host, "/", undefined)).toBe("unknown");
    }
  });

  it("stays bounded and right under a flood of hosts", () => {
    const directory = new FakeDirectory();
    directory.set([entry("h", "h.com")]);
    using lookup = createRouteLookup(directory);
    for (let index = 0; index < 50_000; index += 1) lookup.find(`x${String(index)}.com`, "/", undefined);
    expect(lookup.find("h.com", "/", undefined)).toMatchObject({ name: "h" });
  });

  it("calls a path ambiguous when its readings lead to two targets", () => {
    const directory = new FakeDirectory();
    directory.set([entry("root", "h.com"), entry("admin", "h.com/admin")]);
    using lookup = createRouteLookup(directory);
    const { path, alternative } = matchPath("/admin%2f..%2fx");
    expect(lookup.find("h.com", path, alternative)).toMatchObject({ name: "root" });
    const tricky = matchPath("/x%2f..%2fadmin/");
    expect(lookup.find("h.com", tricky.path, tricky.alternative)).toBe("ambiguous");
  });
});

describe("matchPath()", () => {
  it("undoes what proxies undo", () => {
    expect(matchPath("/a/b?c=/../d").path).toBe("/a/b");
    expect(matchPath("/admin/../x").path).toBe("/x");
    expect(matchPath("/admin/%2e%2E/x").path).toBe("/x");
    expect(matchPath("//admin///x/").path).toBe("/admin/x/");
    expect(matchPath("/%61dmin").path).toBe("/admin");
    expect(matchPath("/../../..").path).toBe("/");
    expect(matchPath("/a/.").path).toBe("/a/");
    expect(matchPath("/.wakegate/../x").path).toBe("/x");
    expect(matchPath("/x/../.wakegate/status").path).toBe("/.wakegate/status");
    expect(matchPath("/a%2Fb%20c").path).toBe("/a%2Fb%20C".replace("C", "c"));
  });

  it("is idempotent and leaves no dot segment", () => {
    const piece = fc.constantFrom("a", ".", "..", "%2e", "/", "//", "%2f", "\\", "%41", "?", ".wakegate");
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const { path } = matchPath(`/${pieces.join("")}`);
        expect(path.startsWith("/")).toBe(true);
        expect(path.split("/")).not.toContain("..");
        expect(matchPath(path).path).toBe(path);
      }),
    );
  });
});

describe("sameHostUri()", () => {
  it("cannot leave the host", () => {
    expect(sameHostUri("//evil.example/x")).toBe("/evil.example/x");
    expect(sameHostUri("/\\evil.example")).toBe("/evil.example");
    expect(sameHostUri("/a//b?c")).toBe("/a//b?c");
  });
});
