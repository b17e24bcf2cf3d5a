/**
 * The IRQs that irqbalance must leave alone, through its socket (irqbalance.c, sock_handle). The daemon is never
 * stopped. It answers only root, replaces the whole list at once, and forgets it when it ends.
 */
import { connect } from 'node:net';
import { join } from 'node:path';
import { failure } from '../system/errors.ts';
import type { Files } from '../system/types.ts';

/**
 * After a ban it rescans the machine, and does not answer during its interval of 10 s (irqbalance.c, scan). The
 * connection must stay open until it answers: writing to a closed socket ends it by SIGPIPE, unless systemd runs it.
 */
const TIMEOUT_MS = 30_000;
const FOLDER = '/run/irqbalance';

export interface Irqbalance {
  /** Ascending; null if it does not run, or has no socket. Throws Failure `irqbalance-silent`. */
  banned(): Promise<readonly number[] | null>;
  /** Throws Failure `irqbalance-missing`, `irqbalance-silent`. The caller must read the list back. */
  ban(irqs: readonly number[]): Promise<void>;
}

export function openIrqbalance(files: Files): Irqbalance {
  return {
    banned: async () => {
      const path = socketOf(files);
      return path === null ? null : parseSetup(await ask(path, 'setup'));
    },
    ban: async (irqs) => {
      const path = socketOf(files);
      if (path === null)
        throw failure(
          'irqbalance-missing',
          'irqbalance has no socket',
          'it may have ended: systemctl status irqbalance',
        );
      await ask(path, `settings ban irqs ${irqs.length > 0 ? irqs.join(' ') : 'NONE'}`);
    },
  };
}

/** `SLEEP 10 IRQ 28 LOAD 0 DIFF 0 CLASS 0 IRQ 29 … BANNED 00000000`: the listed IRQs are the banned ones. */
export function parseSetup(answer: string): readonly number[] {
  const irqs = [...answer.matchAll(/\bIRQ (\d{1,9})\b/g)].map((match) => Number(match[1]));
  return [...new Set(irqs)].sort((a, b) => a - b);
}

/** Since 1.6 a file, which remains if the daemon is killed. */
function socketOf(files: Files): string | null {
  const name = files.list(FOLDER).find((each) => {
    const pid = /^irqbalance(\d+)\.sock$/.exec(each)?.[1];
    return pid !== undefined && files.text(`/proc/${pid}/comm`) === 'irqbalance\n';
  });
  return name === undefined ? null : join(files.root, FOLDER, name);
}

function ask(path: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect({ path });
    const refuse = (what: string) =>
      reject(
        failure('irqbalance-silent', `irqbalance did not accept '${command.slice(0, 40)}': ${what}`, HINT),
      );
    socket.setEncoding('utf8');
    socket.setTimeout(TIMEOUT_MS, () => {
      socket.destroy();
      refuse(`no answer within ${TIMEOUT_MS / 1000} s`);
    });
    socket.on('data', (text: string) => {
      answer += text;
    });
    socket.on('end', () => resolve(answer));
    // It answers a list that is too long with ECONNRESET.
    socket.on('error', ({ message }) => refuse(message));
    socket.write(command);
  });
}

const HINT =
  'to ban them permanently: IRQBALANCE_ARGS="--banirq=N …" in /etc/default/irqbalance or /etc/sysconfig/irqbalance';
