/** What `xdp drops` prints: a line for each reason. */
import { count } from '../words/phrase.ts';
import { type Line, paragraph, type Style, span } from './text.ts';

/** Of one interface. */
export interface InterfaceDrops {
  readonly iface: string;
  readonly program: { readonly id: number; readonly name: string | null };
  /** The program failed, or redirected to an entry that is not there. */
  readonly aborted: number;
  /** The program returned TX, and the driver could not send the packet. */
  readonly sendFailed: number;
  /** Dropped by the driver because the redirect failed. Some drivers count the same packets in `redirectErrors`. */
  readonly redirectFailed: number;
  readonly redirectErrors: readonly { readonly errno: string; readonly count: number }[];
  /** Of CPUs whose queue was full. */
  readonly queues: readonly { readonly cpu: number; readonly dropped: number }[];
  /** For want of memory, on the CPU that they were sent to. */
  readonly memory: readonly { readonly cpu: number; readonly dropped: number }[];
}

export interface DropsReport {
  readonly seconds: number;
  readonly interfaces: readonly InterfaceDrops[];
  /** Of programs that are on no interface of this network namespace. */
  readonly elsewhere: number;
}

export function dropsLines({ seconds, interfaces, elsewhere }: DropsReport, style: Style): Line[] {
  const over = `in ${seconds.toFixed(1)} s`;
  const lines = interfaces.flatMap((each) => {
    const reasons = reasonsOf(each);
    return paragraph(
      `${each.iface}: `,
      reasons.length === 0 ? `XDP lost nothing ${over}` : `XDP lost ${over}: ${reasons.join('; ')}`,
      style,
      reasons.length === 0 ? undefined : 'partly',
    );
  });
  const others =
    elsewhere > 0
      ? paragraph(
          '',
          `${count(elsewhere, 'packet')} of programs elsewhere, in other network namespaces`,
          style,
        )
      : [];
  return [...(lines.length === 0 ? [NONE] : lines), ...others];
}

const NONE: Line = [span('no interface here has an XDP program')];

function reasonsOf({
  aborted,
  sendFailed,
  redirectFailed,
  redirectErrors,
  queues,
  memory,
}: InterfaceDrops): readonly string[] {
  const packets = (many: number) => count(many, 'packet');
  return [
    ...queues.map(({ cpu, dropped }) => `${packets(dropped)} because the queue of CPU ${cpu} was full`),
    ...memory.map(({ cpu, dropped }) => `${packets(dropped)} on CPU ${cpu} because there was no memory`),
    ...(aborted > 0 ? [`${packets(aborted)} because the program failed, or its target is not there`] : []),
    ...(sendFailed > 0 ? [`${packets(sendFailed)} because the driver could not send them back`] : []),
    ...(redirectFailed > 0 ? [`${packets(redirectFailed)} because the driver could not redirect them`] : []),
    ...redirectErrors.map(
      ({ errno, count: many }) => `${packets(many)} because a redirect failed with ${errno}`,
    ),
  ];
}
