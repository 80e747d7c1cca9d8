import { connect } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readPacket, textField, writePacket } from "../../src/stream/minecraft/packets.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";
import { postgresContainer } from "./support/postgres-container.ts";
import { run } from "./support/run.ts";
import { eachTraefik, type Recipe } from "./support/traefik-recipe.ts";

/** The status ping of the server list, as the game sends it, and what it shows. */
async function serverList(address: string, port: number): Promise<string> {
  const socket = connect(port, address);
  const [protocol, next] = [Buffer.from([0xff, 0x05]), Buffer.from([1])];
  socket.write(writePacket(0, protocol, textField("play.example.com"), Buffer.from([0x63, 0xdd]), next));
  socket.write(writePacket(0));
  let heard = Buffer.alloc(0);
  for await (const chunk of socket) {
    heard = Buffer.concat([heard, chunk as Buffer]);
    if (readPacket(heard)) break;
  }
  return readPacket(heard)?.fields.text(32_767) ?? "";
}

eachTraefik("Traefik in front of streams", { recipe: "tcp", needs: ["postgres"] }, (recipe) => {
  let r: Recipe;
  let folder: TempFolder | undefined;
  const psql = (sql: string) => {
    const where = `host=db.example.com hostaddr=${r.front.address} port=5432 sslmode=require user=postgres`;
    return run("psql", [where, "-Atc", sql]);
  };
  /** Beside Traefik's double, which has the example's ports on this machine itself. */
  const labelsOf = (service: string, port: number): Record<string, string> => ({
    ...r.labelsOf(service),
    "wakegate.tcp": `${r.gateway}:${String(10_000 + (port % 10_000))}:${String(port)}`,
    "wakegate.foreign_stop_grace": "0s",
  });

  beforeAll(async () => {
    r = recipe();
    folder = await tempFolder("traefik-postgres");
    await r.app("db", labelsOf("db", 5432), await postgresContainer(folder.path));
    await r.app("minecraft", labelsOf("minecraft", 25_565));
    await r.settled();
  });
  afterAll(async () => {
    await folder?.[Symbol.asyncDispose]();
  });

  it("wakes a database that never ran, for psql with TLS that ends in Traefik", async () => {
    const since = Date.now();
    expect(await psql("create table t (n int); insert into t values (42)")).toMatchObject({ code: 0 });
    expect((await psql("select n from t")).out).toBe("42\n");
    expect(await r.starts("db", since)).toBe(1);
  });

  it.each(["stopped", "paused"])("wakes a %s one once for many, and loses no byte", async (how) => {
    const since = Date.now();
    if (how === "stopped") await r.docker.stop("db");
    else await r.docker.pause("db");
    await r.wakegate.until("foreign_stop", "db");
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => (await psql("select repeat('x', 500000)")).out.length),
    );
    expect(answers).toEqual(answers.map(() => 500_001));
    expect(await r.starts("db", since)).toBe(how === "stopped" ? 1 : 0);
  });

  it("goes through Wakegate also while it is awake, where Traefik has a router of its own", async () => {
    await r.settled();
    const client = "select host(inet_client_addr())";
    expect((await psql(client)).out.trim()).toBe(r.gateway);
  });

  it("shows a sleeping game in the server list without waking it", async () => {
    const since = Date.now();
    expect(await serverList(r.front.address, 25_565)).toContain("Asleep");
    expect(await r.starts("minecraft", since)).toBe(0);
  });

  it("is left with Traefik's own routers when Wakegate is uninstalled", async () => {
    await r.wakegate.end();
    await r.docker.start("db");
    await r.front.restart();
    await r.settled();
    expect((await psql("select n from t")).out).toBe("42\n");
  });
});
