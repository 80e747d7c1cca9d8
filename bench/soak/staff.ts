import { between, chance, pick } from "./dice.ts";
import type { SoakApp } from "./app.ts";
import type { Stage } from "./visits.ts";

const WRITE = { "content-type": "application/json" };

/** Who looks after it: dashboard, metrics, API. */
export async function lookAfter({ gate, tally }: Stage, app: SoakApp): Promise<void> {
  const path = pick([
    "/metrics",
    "/ui/",
    "/api/v1/targets",
    `/api/v1/why/${app.name}`,
    "/api/v1/check",
    "/readyz",
  ]);
  const { status } = await gate.pool.ask(gate.internal, path, { headers: gate.asAdmin });
  if (status === 200) tally.good("admin");
  else tally.bad("admin", `${path} answered ${String(status)}`);
}

/** Pins, leases, sleeps on order. */
export async function order({ gate, tally }: Stage, app: SoakApp): Promise<void> {
  const post = async (path: string, body: object): Promise<number> => {
    const call = { method: "POST", headers: { ...WRITE, ...gate.asAdmin }, body: JSON.stringify(body) };
    return (await gate.pool.ask(gate.internal, path, call)).status;
  };
  const base = `/api/v1/targets/${app.name}`;
  const [path, body] = pick<[string, object]>([
    [`${base}/sleep`, {}],
    [`${base}/pin`, { for: "20s", reason: "soak" }],
    [`${base}/unpin`, {}],
    ["/api/v1/leases", { target: app.name, ttl: "10s", wake: chance(0.5) }],
  ]);
  const status = await post(path, body);
  const fine = (status >= 200 && status < 300) || status === 409 || status === 503;
  if (fine) tally.good("order");
  else tally.bad("order", `${path} answered ${String(status)}`);
}

/** An open dashboard: the events of all targets for a while. */
export async function watchEvents({ gate, tally }: Stage): Promise<void> {
  const signal = AbortSignal.timeout(Math.round(between(1_000, 15_000)));
  await gate.pool
    .ask(gate.internal, "/api/v1/events", { headers: gate.asAdmin, signal })
    .catch(() => undefined);
  tally.good("admin events");
}
