import type { EngineExam } from "../provider.ts";
import type { Cluster } from "./cluster.ts";
import { refusal, REVIEW, reviewOf, RIGHTS } from "./rights.ts";

const PATH = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/**
 * Asks the API server for each right that Wakegate may ever need whether it has it. Nothing is touched.
 *
 * @throws ProviderError when the API server does not answer.
 */
export async function examine(cluster: Cluster, signal: AbortSignal): Promise<EngineExam> {
  const { connection } = cluster;
  const refused: EngineExam["refused"][number][] = [];
  for (const scope of cluster.scopes) {
    const answers = await Promise.all(
      RIGHTS.map(async (right) => {
        const body = reviewOf(right, scope);
        const what = `${right.verb} ${right.resource}`;
        const answer = (await connection.call({ right: REVIEW, path: PATH, body, what }, signal)) as {
          readonly status?: { readonly allowed?: boolean };
        };
        return answer.status?.allowed === true ? [] : [refusal(right, scope)];
      }),
    );
    refused.push(...answers.flat());
  }
  return { refused };
}
