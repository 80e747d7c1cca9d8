import type { Route } from "./route.ts";
import { access } from "./routes-access.ts";
import { cluster } from "./routes-cluster.ts";
import { guestRoutes } from "./routes-guest.ts";
import { nodeRoutes } from "./routes-node.ts";

/** Everything that the simulator knows. */
export const routes: readonly Route[] = [...access, ...cluster, ...nodeRoutes, ...guestRoutes];
