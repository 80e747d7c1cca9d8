import { describe, expect, it, vi } from "vitest";
import type { GoneNotice } from "../../src/config/model/discover.ts";
import { NAVIGATION, startRig, type Rig } from "../http/rig.ts";
import { entryOf, FakeDirectory, FakeTarget, route, targetSpec } from "../support/fake-target.ts";

interface House extends AsyncDisposable {
  readonly rig: Rig;
  readonly directory: FakeDirectory;
}

/** pr-7 sleeps; all other hosts below *.example.com belong to the same rule, and to nobody. */
async function house(notice: Partial<GoneNotice> = {}): Promise<House> {
  const directory = new FakeDirectory();
  directory.set([
    entryOf(new FakeTarget(targetSpec("pr-7"))),
    {
      name: "discover[0]",
      routes: [route("*.example.com")],
      gone: { text: "{host} was merged or closed.", footer: true, ...notice },
    },
  ]);
  const rig = await startRig(directory);
  return { rig, directory, [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose]() };
}

const HOST = "pr-3.example.com";

describe("a host of a rule that no container has", () => {
  it("is gone, in the words of the rule, for programs and for people", async () => {
    await using the = await house();
    const json = await the.rig.ask({ host: HOST, headers: { accept: "application/json" } });
    expect([json.status, json.headers["x-wakegate"], json.headers["cache-control"]]).toEqual([
      410,
      "missing",
      "no-store",
    ]);
    expect(JSON.parse(json.body)).toMatchObject({ error: "gone", title: "pr-3 was merged or closed." });
    const curl = await the.rig.ask({ host: HOST, headers: { accept: "*/*" } });
    expect([curl.status, curl.body]).toEqual([410, "pr-3 was merged or closed.\n"]);
    expect((await the.rig.ask({ host: HOST, method: "POST" })).status).toBe(410);
  });

  it("is a page in a browser, which follows nothing", async () => {
    await using the = await house();
    const page = await the.rig.ask({ host: HOST, uri: "/a?b=1", headers: NAVIGATION });
    expect([page.status, page.headers["content-type"]]).toEqual([410, "text/html; charset=utf-8"]);
    expect(page.headers["retry-after"]).toBeUndefined();
    expect(page.body).toContain("<title>pr-3 is not available</title>");
    expect(page.body).toMatch(/<h1[^>]*>pr-3 was merged or closed<\/h1>/);
    expect(page.body).toContain('data-scene="empty"');
    expect(page.body).toMatch(/<a class="btn" href="\/a\?b=1">Look again<\/a>/);
    expect(page.body).not.toContain("<script");
    expect(page.headers["content-security-policy"]).toContain("default-src 'none'");
  });

  it("says whose page it is, or not", async () => {
    await using the = await house();
    const foot = />Wakegate</;
    expect((await the.rig.ask({ host: HOST, headers: NAVIGATION })).body).toMatch(foot);
    await using plain = await house({ footer: false });
    expect((await plain.rig.ask({ host: HOST, headers: NAVIGATION })).body).not.toMatch(foot);
  });

  it("shows the operator's sentence as text", async () => {
    await using the = await house({ text: "<b>{host}</b> & {host} are gone." });
    const { body } = await the.rig.ask({ host: HOST, headers: NAVIGATION });
    expect(body).toContain("&lt;b&gt;pr-3&lt;/b&gt; &amp; pr-3 are gone");
  });

  it("goes to nginx as a refusal first, and then as the page", async () => {
    await using the = await house();
    const permit = await the.rig.ask({
      at: "/api/authz/auth-request",
      headers: { "x-original-method": "GET", "x-original-url": `https://${HOST}/` },
    });
    expect(permit.status).toBe(401);
    const page = await the.rig.askNginx({ host: HOST, headers: NAVIGATION });
    expect([page.status, page.headers["x-wakegate"]]).toEqual([410, "missing"]);
  });

  it("is not told to be gone before every engine was listed", async () => {
    await using the = await house();
    the.directory.settled = false;
    const waiting = the.rig.ask({ host: HOST, headers: NAVIGATION });
    await vi.waitFor(() => expect(the.rig.forwardAuth.held).toBe(1));
    the.directory.settle();
    expect((await waiting).status).toBe(410);
  });
});
