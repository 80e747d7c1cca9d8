import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { WakegateError } from "../../../src/errors.ts";
import { createPageRenderer } from "../../../src/forward-auth/page/render.ts";
import { samples } from "../../../src/forward-auth/page/samples.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { NOW, pageInput, progressOf } from "./fixtures.ts";
import { anyProgress } from "./progress-arbitrary.ts";

const renderer = createPageRenderer();
const EVIL = `</script><script>alert(1)</script><img src=x onerror=alert(2)>"'\u2028&{}{at}**x**`;

describe("the page as a document", () => {
  test("stays within its weight in every state", () => {
    for (const { progress } of samples(NOW)) {
      const { html } = renderer.render(pageInput(progress));
      expect(gzipSync(html).length).toBeLessThanOrEqual(14 * 1024);
    }
    const failed = progressOf("failed");
    const log = Array.from(
      { length: 8 },
      (_, i) => `2025-06-04 14:03:2${String(i)} ERROR ${"worker died, ".repeat(15)}`,
    );
    const { html } = renderer.render(pageInput({ ...failed, failure: { ...failed.failure!, log } }));
    expect(gzipSync(html).length).toBeLessThanOrEqual(14 * 1024);
  });

  test("asks nobody else and carries no inline style or handler", () => {
    for (const { progress } of samples(NOW)) {
      const { html, csp } = renderer.render(pageInput(progress));
      expect(html).not.toMatch(/\sstyle=|\son[a-z]+="|src=|@import|url\((?!#|%23)/);
      expect(html.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:\/\//);
      expect(csp).toBe(
        "default-src 'none'; style-src 'nonce-bm9uY2U='; script-src 'nonce-bm9uY2U='; img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'",
      );
    }
  });

  test("a nonce that could end the header is refused", () => {
    expect(() => renderer.render(pageInput(progressOf("ready"), { nonce: "a'; script-src *" }))).toThrow(
      TypeError,
    );
  });

  test("names, hosts and logs cannot become markup", () => {
    const failed = progressOf("failed");
    const failure = { ...failed.failure!, reason: "unknown" as const, message: EVIL, log: [EVIL, EVIL] };
    const evil = { target: EVIL, displayName: EVIL };
    const dependency = { name: EVIL, displayName: EVIL, status: "waking" as const };
    const waking = progressOf("waking");
    const mayNotWake = { kind: "rule" as const, rule: EVIL };
    for (const progress of [
      { ...failed, ...evil, failure },
      { ...waking, ...evil, dependencies: [dependency] },
      { ...progressOf("rule"), ...evil, mayNotWake },
    ]) {
      const { html } = renderer.render(pageInput(progress, { url: `/x"><script>`, token: EVIL, lang: EVIL }));
      expect(html.match(/<script/g)).toHaveLength(2);
      expect(html).not.toMatch(/<img|alert\(1\)<\//);
      expect(html).toContain('<html lang="en"');
      const data = /id="data">(.*)<\/script>/.exec(html)?.[1] ?? "";
      expect(data).not.toMatch(/[<>\u2028]/);
      expect((JSON.parse(data) as { target: string }).target).toBe(EVIL);
    }
  });

  test("the address of the page never leads elsewhere", () => {
    for (const url of [
      "//evil.example/",
      "https://evil.example",
      "/\\evil.example",
      "javascript:alert(1)",
      "",
    ]) {
      const { html } = renderer.render(pageInput(progressOf("gone"), { url }));
      expect(html).toContain('<a class="btn" href="/"');
    }
    const { html } = renderer.render(pageInput(progressOf("gone"), { url: "/a?b=c&d" }));
    expect(html).toContain('href="/a?b=c&amp;d"');
  });

  test.each([
    ["waking", 6],
    ["almost", 2],
    ["stopping", 10],
    ["failed", 6],
    ["final", 60],
    ["schedule", 60],
  ])("without script, %s looks again every %d s", (name, n) => {
    const { html } = renderer.render(pageInput(progressOf(name)));
    expect(html).toContain(`<noscript><meta http-equiv="refresh" content="${String(n)}">`);
  });

  test("no progress breaks it", () => {
    fc.assert(
      fc.property(anyProgress, (progress) => {
        const { html } = renderer.render(pageInput(progress));
        expect(html).toMatch(/^<!doctype html>[\s\S]*<\/html>$/);
        expect(html.slice(0, html.indexOf('id="data"'))).not.toMatch(/NaN|undefined|Infinity|Invalid/);
        expect(html).toMatch(/--eta:\d+ms;--at:\d+ms;--sink:\d+ms;--sunk:\d+ms/);
      }),
      { numRuns: 200 },
    );
  });
});

describe("a folder of the user's", () => {
  test("replaces single files", async () => {
    await using folder = await tempFolder("page");
    await writeFile(join(folder.path, "evidence.eta"), "<p>mine: <%= it.rows.length %></p>");
    await writeFile(join(folder.path, "loading.css"), "h1 { color: teal }");
    await writeFile(join(folder.path, "unknown.eta"), "<% throw 1 %>");
    const problems: WakegateError[] = [];
    const own = createPageRenderer({ templatesDir: folder.path, onProblem: (error) => problems.push(error) });
    const { html } = own.render(pageInput(progressOf("failed")));
    expect(html).toContain("<p>mine: 2</p>");
    expect(html).toContain("h1{color:teal}");
    expect(problems).toEqual([]);
  });

  test.each([
    ["evidence.eta", "<p>\n<%= it.rows.[ %>", "evidence.eta:2"],
    ["step.eta", "<p>\n\n<% if (true) { %>", "step.eta"],
    ["button.eta", "<p>\n<%= it.no.such %>", "button.eta:2"],
    ["gate.eta", "<p>\n<%= 'open", "gate.eta:2"],
    ["loading.js", "1;\n// </script>", "loading.js:2"],
  ])("a broken %s is told by file, line and cause, and not used", async (file, content, where) => {
    await using folder = await tempFolder("page");
    await writeFile(join(folder.path, file), content);
    const problems: WakegateError[] = [];
    const own = createPageRenderer({ templatesDir: folder.path, onProblem: (error) => problems.push(error) });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ code: "template_invalid" });
    expect(problems[0]?.message).toContain(join(folder.path, where));
    expect(problems[0]?.message).toMatch(/cannot be used: .{3,}/);
    const input = pageInput(progressOf("failed"));
    expect(own.render(input).html).toBe(renderer.render(input).html);
  });

  test("a file that cannot be read is told too", async () => {
    await using folder = await tempFolder("page");
    await mkdir(join(folder.path, "loading.eta"));
    const problems: WakegateError[] = [];
    createPageRenderer({ templatesDir: folder.path, onProblem: (error) => problems.push(error) });
    expect(problems.map(({ message }) => message).join()).toMatch(/loading\.eta cannot be used: EISDIR/);
  });

  test("other words", () => {
    const own = createPageRenderer({ copy: { "heading.waking": "{name} wacht auf" }, copyLang: "de" });
    expect(own.render(pageInput(progressOf("waking"), { lang: "de-AT" })).html).toMatch(
      /<html lang="de"[\s\S]*paperless wacht auf/,
    );
  });

  test("no language a visitor can name breaks the page or is claimed for words that have another", () => {
    for (const lang of ["de", "en-12", "en-US", "EN", "xx-!!", ""]) {
      expect(renderer.render(pageInput(progressOf("schedule"), { lang })).html).toContain('<html lang="en"');
    }
  });
});
