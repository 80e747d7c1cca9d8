import type { IncomingMessage, ServerResponse } from "node:http";
import type { AuthzPath } from "./authz-path.ts";
import type { IntentRule } from "./intent.ts";
import type { Standing } from "./judge.ts";
import type { RequestFacts } from "./request-facts.ts";

/** One forward-auth call, or one visitor of the catch-all. */
export interface Ask {
  readonly at: AuthzPath;
  readonly facts: RequestFacts;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** A rule for this request beside the target's own. */
  readonly rule?: IntentRule;
  /** What earlier requests say of it; known once its target is. */
  standing: Standing;
  /** Monotonic ms since when it is held, for whatever reason. Unset: it is not yet. */
  heldSince?: number;
}

/** The ways in. */
export interface Endpoint {
  /** For `/api/authz/…`. */
  readonly authz: (req: IncomingMessage, res: ServerResponse) => void;
  /** For a request whose facts are known. */
  readonly answer: (ask: Ask) => void;
}
