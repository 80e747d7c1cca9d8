import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operations } from "../../src/admin/api/operations.ts";
import { adminRig, type AdminRig } from "../admin/admin-rig.ts";

let rig: AdminRig;
beforeAll(async () => {
  rig = await adminRig();
});
afterAll(async () => {
  await rig[Symbol.asyncDispose]();
});

const pathOf = (path: string): string => path.replace("{name}", "blog").replace("{id}", "x");

/** What a page of another site can make a browser send to this host. */
const FOREIGN = [
  { "content-type": "application/x-www-form-urlencoded" },
  { "content-type": "text/plain" },
  { "content-type": "multipart/form-data; boundary=x" },
  { "content-type": "text/plain; application/json" },
  { "content-type": "application/json", origin: "https://evil.example" },
  { "content-type": "application/json", origin: "null" },
  { "content-type": "application/json", "sec-fetch-site": "cross-site" },
  { "content-type": "application/json", "sec-fetch-site": "same-site" },
  { "x-wakegate-request": "1", origin: "https://evil.example" },
];

describe("every call that changes something", () => {
  const changing = operations.filter(({ method }) => method !== "get");

  it("is refused to another site's page, whatever it sends", async () => {
    expect(changing.length).toBeGreaterThan(9);
    for (const { method, path } of changing) {
      for (const headers of FOREIGN) {
        const reply = await rig.call(pathOf(path), {
          method: method.toUpperCase(),
          headers,
          ...(method === "post" && { body: "{}" }),
        });
        expect([path, headers, reply.status, reply.json["error"]]).toEqual([
          path,
          headers,
          403,
          "cross_site",
        ]);
      }
    }
    expect(rig.world.calls.filter((call) => !/^(inspect|usage)/.test(call))).toEqual([]);
  });
});

describe("a name of another site that leads to this host (DNS rebinding)", () => {
  it("is answered nothing, by API and dashboard alike", async () => {
    for (const { method, path } of operations) {
      const headers = { host: "evil.example:9190", "content-type": "application/json" };
      const reply = await rig.anonymous.call(pathOf(path), { method: method.toUpperCase(), headers });
      expect([path, reply.status, reply.json["error"]]).toEqual([path, 401, "no_token"]);
    }
    for (const path of ["/ui/", "/ui/target/blog", "/ui/events"]) {
      const reply = await rig.anonymous.get(path, { host: "evil.example:9190" });
      expect([path, reply.status, reply.body.includes("blog")]).toEqual([path, 401, false]);
    }
  });

  it("gets no permission by CORS", async () => {
    const preflight = { origin: "https://evil.example", "access-control-request-method": "POST" };
    const reply = await rig.call("/targets/blog/wake", { method: "OPTIONS", headers: preflight });
    expect(Object.keys(reply.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  });
});

describe("files of the dashboard", () => {
  it("are those it has, and no others of the machine", async () => {
    for (const name of [
      "..%2f..%2fpackage.json",
      "%2e%2e%2floading.eta",
      "..\\package.json",
      "__proto__",
      "dashboard.css%00",
    ]) {
      expect([name, (await rig.get(`/ui/assets/${name}`)).status]).toEqual([name, 404]);
    }
  });
});
