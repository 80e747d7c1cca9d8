import { it } from "vitest";
import { eachTraefik, TOKEN } from "./support/traefik-recipe.ts";
eachTraefik("probe", (start) => {
  it("works", async () => {
    await using r = await start({ recipe: "provider" });
    await r.app("blog", { "traefik.http.routers.blog.rule": "Host(`blog.example.com`)", "traefik.http.routers.blog.entrypoints": "websecure", "traefik.http.routers.blog.tls": "true", "traefik.http.routers.blog.middlewares": "authelia@docker" }, { env: { BOOT_MS: "700" } });
    await r.settled();
    const gw = r.wakegate.internal;
    const d = await fetch(`http://${gw}/api/traefik/config`, { headers: { authorization: `Bearer ${TOKEN}` } });
    console.log(d.status, await d.text());
    const seen = await r.get("blog.example.com").catch((e) => e);
    console.log(seen);
    console.log(await r.get("blog.example.com", { headers: { Cookie: "x=y" } }).catch((e) => e));
    console.log(await r.webSocket("blog.example.com").catch((e) => e));
    console.log((await r.front.output()).slice(-3000));
    console.log(r.wakegate.log().slice(-12).map((l) => l.msg).join("\n"));
  }, 90_000);
});
