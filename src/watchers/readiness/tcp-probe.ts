import { connect } from "node:net";
import type { StreamProbe } from "./protocol-probes.ts";

/** How long a silent connection must stay open to count: docker-proxy accepts before the app listens, then resets. */
const STAYS_OPEN_MS = 150;

/** A connect proved by bytes or by staying open. Never rejects. Status 0 stands for "it talks TCP". */
export const probeTcp: StreamProbe = ({ address, clock, preface }, signal) =>
  new Promise((resolve) => {
    const socket = connect({ host: address.host, port: address.port, signal });
    let timer: Disposable | undefined;
    const finish = (result: Awaited<ReturnType<StreamProbe>>): void => {
      timer?.[Symbol.dispose]();
      socket.destroy();
      resolve(result);
    };
    socket.on("connect", () => {
      if (preface) socket.write(preface);
      timer = clock.after(STAYS_OPEN_MS, () => finish({ kind: "answer", status: 0 }));
    });
    socket.on("data", () => finish({ kind: "answer", status: 0 }));
    socket.on("error", (error) => finish({ kind: "silent", error: error.message }));
    socket.on("close", () => finish({ kind: "silent", error: "closed at once" }));
  });
