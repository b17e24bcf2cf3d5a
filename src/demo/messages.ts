/** The messages between the demo's parent and its children over Node's IPC channel. */
import type { Instruction } from '../cbpf/instruction.ts';

export interface WorkerCounts {
  /** Accepted connections, and those of them whose rxcpu (SO_INCOMING_CPU) was the worker's own CPU. */
  readonly accepts: number;
  readonly matched: number;
  readonly datagrams: number;
}

/** A socket of a worker, as other processes name it. */
export interface Bound {
  readonly port: number;
  readonly fd: number;
}

/** Order to a worker -> its answer. Each order is answered by one message. */
export interface WorkerOrders {
  /** Opens both sockets with SO_REUSEPORT; port 0 lets the kernel choose. */
  readonly listen: {
    readonly order: { readonly tcpPort: number; readonly udpPort: number };
    readonly answer: { readonly tcp: Bound; readonly udp: Bound };
  };
  /** Counts since the last `take`. */
  readonly take: { readonly order: Record<string, never>; readonly answer: WorkerCounts };
  /** For a kernel that refuses pidfd_getfd: the worker attaches the program to its own socket. */
  readonly setProgram: {
    readonly order: { readonly fd: number; readonly program: readonly Instruction[] | null };
    readonly answer: Record<string, never>;
  };
}

export interface ClientOrders {
  /** One connection after the other, with one packet each way, each closed by reset so that no TIME_WAIT is left. */
  readonly connect: {
    readonly order: { readonly port: number; readonly count: number };
    readonly answer: { readonly connected: number };
  };
  /** Datagrams from one source address and port. */
  readonly send: {
    readonly order: { readonly port: number; readonly count: number };
    readonly answer: { readonly sent: number };
  };
}
