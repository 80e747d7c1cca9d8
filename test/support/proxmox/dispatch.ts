import { ApiError, badParameters, type Good } from "./answers.ts";
import type { Route } from "./route.ts";
import { routes } from "./routes.ts";
import { vmidProblem } from "./routes-guest.ts";
import type { Call, Principal, World } from "./world.ts";

/** One request as it came, authenticated or not. */
export interface Asked {
  readonly method: string;
  /** Without `/api2/json`, decoded segment by segment. */
  readonly segments: readonly string[];
  readonly params: Readonly<Record<string, string>>;
}

interface Match {
  readonly route: Route;
  readonly path: Record<string, string>;
}

const table = routes.map((route) => {
  const [method = "", pattern = ""] = route.is.split(" ");
  return { route, method, parts: pattern.split("/").slice(1) };
});

/** The route of a request. @throws ApiError 501. */
export function find({ method, segments }: Asked): Match {
  for (const { route, method: verb, parts } of table) {
    if (verb !== method || parts.length !== segments.length) continue;
    const path: Record<string, string> = {};
    const fits = parts.every((part, index) => {
      const segment = segments[index] ?? "";
      if (!part.startsWith("{")) return part === segment;
      path[part.slice(1, -1)] = segment;
      return segment !== "";
    });
    if (!fits) continue;
    if (parts[0] === "nodes" && (parts[2] === "lxc" || parts[2] === "qemu")) path["type"] = parts[2];
    return { route, path };
  }
  throw new ApiError(501, `Method '${method} /${segments.join("/")}' not implemented`);
}

/** Rights, way to the node, parameters and then the route itself, in the order of the real one. */
export async function dispatch(
  world: World,
  { route, path }: Match,
  asked: Asked,
  who: Principal,
): Promise<Good> {
  const { node, vmid } = path;
  const valid = vmid === undefined ? undefined : vmidProblem(vmid);
  if (route.needs && !valid) {
    const [right, at] = route.needs;
    const full = at.replaceAll(/\{(\w+)\}/g, (_, name: string) => path[name] ?? "");
    world.rights.check(who, full, right);
  }
  if (node !== undefined) await reach(world, node);
  if (route.protected) await askDaemon(world);
  if (valid) throw valid;
  checkParameters(route, asked.params);
  const guest = vmid === undefined ? undefined : world.guests.all.get(Number(vmid));
  const here = guest?.node === node && guest?.type === path["type"] ? guest : undefined;
  const call: Call = { world, who, method: asked.method, params: asked.params, path, guest: here };
  return route.answer(call);
}

async function reach(world: World, name: string): Promise<void> {
  const node = world.nodes.get(name);
  if (!node) {
    const why = "Temporary failure in name resolution";
    throw new ApiError(
      500,
      `hostname lookup '${name}' failed - failed to get address info for: ${name}: ${why}`,
    );
  }
  if (node.fault === "no-route") {
    await world.pause(3_060);
    throw new ApiError(595, "No route to host");
  }
  if (node.fault === "refused") throw new ApiError(595, "Connection refused");
  if (node.fault === "silent") {
    await world.pause(30_000);
    throw new ApiError(596, "Connection timed out");
  }
}

/** What pveproxy hands over to pvedaemon. */
export async function askDaemon(world: World): Promise<void> {
  const { faults } = world;
  if (faults.daemon === "down") throw new ApiError(595, "Connection refused");
  if (faults.daemon === "hung") {
    await world.pause(30_000);
    throw new ApiError(596, "Connection timed out");
  }
}

function checkParameters(
  { takes = {}, required = [] }: Route,
  params: Readonly<Record<string, string>>,
): void {
  const errors: Record<string, string> = {};
  for (const [key, value] of Object.entries(params)) {
    const check = Object.hasOwn(takes, key) ? takes[key] : undefined;
    const problem = check
      ? check(value)
      : "property is not defined in schema and the schema does not allow additional properties";
    if (problem !== undefined) errors[key] = problem;
  }
  for (const key of required) {
    if (params[key] === undefined) errors[key] = "property is missing and it is not optional";
  }
  if (Object.keys(errors).length > 0) throw badParameters(errors);
}
