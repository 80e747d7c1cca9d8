import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { loadAssets } from "../../../src/admin/dashboard/assets.ts";
import { emptyPage, listPage, lockedPage } from "../../../src/admin/dashboard/pages/list-page.ts";
import { doctorPage } from "../../../src/admin/dashboard/pages/doctor-page.ts";
import { eventsPage } from "../../../src/admin/dashboard/pages/events-page.ts";
import { targetPage } from "../../../src/admin/dashboard/pages/target-page.ts";
import { largeGate } from "../../../src/admin/dashboard/parts/gate.ts";
import { rangeOf } from "../../../src/admin/dashboard/range.ts";
import type { ViewContext } from "../../../src/admin/dashboard/view-context.ts";
import type { TargetFacts } from "../../../src/admin/facts/target-facts.ts";
import { events, fleet, NOW, pools } from "./fixtures.ts";
import { illReport, wellReport } from "./doctor-fixtures.ts";

/** The dashboard's pages over made-up targets, at a moment that stands still. */
export interface Gallery extends AsyncDisposable {
  readonly url: string;
  targets: readonly TargetFacts[];
}

const POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'";

export async function startGallery(): Promise<Gallery> {
  const assets = loadAssets();
  const server = createServer((req, res) => {
    const url = new URL(req.url ?? "/", "http://x");
    const file = assets.files.get(url.pathname.replace("/ui/assets/", ""));
    if (file) {
      res.writeHead(200, { "content-type": file.type }).end(file.plain);
      return;
    }
    if (url.pathname === "/api/v1/events") {
      res.writeHead(200, { "content-type": "text/event-stream" }).write("retry: 1000\n\n");
      return;
    }
    const html = page(url, gallery.targets, assets.version);
    res.writeHead(html === undefined ? 404 : 200, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": POLICY,
    });
    res.end(html);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const gallery: Gallery = {
    url: `http://127.0.0.1:${String(port)}`,
    targets: fleet(),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return gallery;
}

function page(url: URL, targets: readonly TargetFacts[], version: string): string | undefined {
  const query = url.searchParams;
  const context: ViewContext = {
    now: NOW,
    zone: "UTC",
    range: rangeOf(query.get("range"), NOW, "UTC"),
    mayAct: true,
    assets: version,
    failing: targets.some(({ state }) => state === "failed"),
  };
  if (url.pathname === "/ui/")
    return listPage(
      targets,
      query.has("pools") ? pools : [],
      {
        state: query.get("state") ?? undefined,
        q: query.get("q") ?? undefined,
        only: query.get("only")?.split(" "),
      },
      context,
    );
  if (url.pathname === "/ui/events")
    return eventsPage([...events("nextcloud"), ...events("immich")], context);
  if (url.pathname === "/ui/doctor") return doctorPage(query.has("well") ? wellReport : illReport, context);
  if (url.pathname === "/ui/empty")
    return emptyPage({ engines: [{ name: "local", containers: 14 }] }, context, largeGate("empty", 0));
  if (url.pathname === "/ui/locked")
    return lockedPage(
      query.has("wrong"),
      "docker exec wakegate wakegate token",
      context,
      largeGate("closed", 0),
    );
  const name = /^\/ui\/target\/(.+)$/.exec(url.pathname)?.[1];
  const facts = targets.find((each) => each.name === name);
  return facts && targetPage(facts, events(facts.name), context);
}
