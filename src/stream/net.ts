import {
  connect,
  createServer,
  type Server,
  type ServerOpts,
  type Socket,
  type TcpNetConnectOpts,
} from "node:net";

/** Where TCP connections come from and go to: the two calls of `node:net` that streams make. */
export interface Net {
  readonly connect: (options: TcpNetConnectOpts) => Socket;
  readonly createServer: (options: ServerOpts, onConnection: (socket: Socket) => void) => Server;
}

/** The machine's own network. */
export const systemNet: Net = { connect, createServer };
