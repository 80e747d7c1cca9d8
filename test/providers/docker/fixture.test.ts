import { get } from "node:http";
import { expect, test } from "vitest";
import { sharedDockerd } from "../../support/dockerd.ts";
import { suite } from "../../support/require.ts";

suite("docker", "the tests' own dockerd", () => {
  test("runs the sleepy app at an address that the host reaches, with names on a network", async () => {
    const docker = await sharedDockerd();
    await docker.createNetwork("fixture_net");
    const since = Date.now();
    await docker.run("fixture-app", { network: "fixture_net", publish: { 8080: 0 } });
    try {
      const address = await docker.address("fixture-app");
      const answer = await poll(`http://${address}:8080/hello`);
      expect(JSON.parse(answer)).toMatchObject({ app: "sleepy", url: "/hello" });
      expect(
        await poll(`http://127.0.0.1:${String(await docker.publishedPort("fixture-app", 8080))}/healthz`),
      ).toBe("ok\n");
      expect(await docker.count("start", "fixture-app", since)).toBe(1);
      await docker.run("fixture-peer", {
        image: "wakegate/busybox",
        network: "fixture_net",
        cmd: ["wget", "-qO-", "http://fixture-app:8080/healthz"],
      });
      await docker.call("POST", "/containers/fixture-peer/wait");
      expect((await docker.inspect("fixture-peer")).State.ExitCode).toBe(0);
    } finally {
      await docker.rm("fixture-peer");
      await docker.rm("fixture-app");
      await docker.removeNetwork("fixture_net");
    }
  });
});

async function poll(url: string): Promise<string> {
  for (let tries = 0; ; tries++) {
    try {
      return await new Promise<string>((resolve, reject) => {
        get(url, { agent: false }, (response) => {
          let text = "";
          response.on("data", (chunk: Buffer) => (text += chunk.toString()));
          response.on("end", () => resolve(text));
          response.on("error", reject);
        }).on("error", reject);
      });
    } catch (error) {
      if (tries > 400) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
