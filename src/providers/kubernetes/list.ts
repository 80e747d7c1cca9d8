import type { Connection } from "./connection.ts";
import { statusOf } from "./errors.ts";
import { pathOf, rightTo, type Resource } from "./paths.ts";

/** A list, and the moment of the cluster's history that it shows. */
export interface Listed<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

interface Page {
  readonly metadata?: { readonly continue?: string; readonly resourceVersion?: string };
  readonly items?: readonly unknown[] | null;
}

/** Which of them, as the API takes it. */
export interface Selection {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Objects of one page. A page of large Deployments has some megabytes. */
const PAGE = 500;

/**
 * All objects of a kind, page by page, each turned at once by `take`, which knows their kind, into what is kept of it.
 * Where the history that the pages are of is given up in between, everything is asked for once more, in one page.
 *
 * @throws ProviderError as `Connection.call`.
 */
export async function list<T>(
  connection: Connection,
  resource: Resource,
  namespace: string | undefined,
  take: (raw: never) => T,
  signal: AbortSignal,
  selection: Selection = {},
): Promise<Listed<T>> {
  const ask = async (limit: number | undefined, from: string | undefined): Promise<Page> => {
    const query = { limit, continue: from, ...selection };
    const right = rightTo("list", resource);
    const path = pathOf(resource, namespace);
    const what = namespace ?? "all namespaces";
    return (await connection.call({ right, path, query, what }, signal)) as Page;
  };
  let items: T[] = [];
  let from: string | undefined;
  for (;;) {
    let page: Page;
    try {
      page = await ask(PAGE, from);
    } catch (error) {
      if (from === undefined || statusOf(error) !== 410) throw error;
      page = await ask(undefined, undefined);
      items = [];
    }
    for (const raw of page.items ?? []) items.push(take(raw as never));
    from = page.metadata?.continue || undefined;
    if (from === undefined) return { items, resourceVersion: page.metadata?.resourceVersion ?? "" };
  }
}
