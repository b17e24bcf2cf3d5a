/** Who wrote to a file: the words that people know a process by. */
import { basename } from 'node:path';
import { parseCgroup } from '../host/cgroup.ts';
import type { Container } from '../host/types.ts';
import type { ProcessTexts } from '../system/file-writes.ts';

/** Names are chosen by the process: they can hold anything. */
export interface Writer {
  readonly pid: number;
  /** null if the process had ended before it could be asked. */
  readonly comm: string | null;
  /** What an interpreter runs: the path of a script, or a module's name. */
  readonly script: string | null;
  /** Its systemd unit. */
  readonly unit: string | null;
  readonly container: Container | null;
  readonly parent: number | null;
}

/** null: a process of another pid namespace, of which the kernel says nothing. */
export function writerOf({ pid, comm, command, cgroup, parent }: ProcessTexts): Writer | null {
  if (pid === 0) return null;
  return { pid, comm, script: scriptOf(command), ...parseCgroup(cgroup), parent };
}

const SHELL = /^(?:ba|da|k|z|a)?sh$/;
const INTERPRETER = /^(?:python|perl|ruby|node|php|lua|tclsh)[\d.]*$/;
/** Options of interpreters that are followed by a word of their own. */
const WITH_WORD = new Set(['-o', '-O', '+O', '-X', '-W', '-I', '-r', '--require', '--import', '--rcfile']);

/** null for a program that is no interpreter, and for a script that is given in the command line itself. */
export function scriptOf(command: readonly string[]): string | null {
  const [program = '', ...words] = command;
  const name = basename(program).replace(/^-/, '');
  if (!SHELL.test(name) && !INTERPRETER.test(name)) return null;
  const given = SHELL.test(name)
    ? /^-[a-zA-Z]*[cs]$/
    : name.startsWith('python')
      ? /^-[a-zA-Z]*c$/
      : /^-[a-zA-Z]*e$/;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (WITH_WORD.has(word)) at++;
    else if (word === '-m' && name.startsWith('python')) return words[at + 1] ?? null;
    else if (given.test(word) || word === '--eval' || word === '-') return null;
    else if (!/^[-+]/.test(word)) return word;
  }
  return null;
}

/**
 * `set_irq.sh (irq.service)`: the same for every run of a script. null: `something that the kernel does not name`.
 */
export function writerName(by: Writer | null): string {
  if (by === null) return 'something that the kernel does not name';
  const name = by.script === null ? (by.comm ?? `process ${by.pid}`) : basename(by.script);
  const where = by.unit ?? by.container?.id?.slice(0, 12) ?? null;
  return where === null ? name : `${name} (${where})`;
}
