import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { cli } from "../../src/cli/cli.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { recorder } from "./recorder.ts";

it("health says 0 when the configured listener answers, else 1 with the reason", async () => {
  await using folder = await tempFolder("health");
  const server = createServer((req, res) => res.writeHead(req.url === "/healthz" ? 200 : 404).end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const file = join(folder.path, "w.yaml");
  await writeFile(
    file,
    `listen: 0.0.0.0:${String(port)}\nproviders: { docker: { local: unix:///x.sock } }\n`,
  );
  const good = recorder();
  expect(await cli(["health", "--config", file], good)).toBe(0);
  await new Promise((resolve) => server.close(resolve));
  const bad = recorder();
  expect(await cli(["health", "--config", file], bad)).toBe(1);
  expect(bad.text()).toContain("ECONNREFUSED");
});
