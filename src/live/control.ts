/** The actions of the live view on a group: the same checks and the same system call as `attach` and `detach`. */

import { disassemble } from '../cbpf/disassemble.ts';
import { GROUP_PROGRAMS, type ProgramName, recognise } from '../cbpf/programs.ts';
import type { NamedNetns } from '../host/netns-target.ts';
import type { Group } from '../host/types.ts';
import type { AttachOptions } from '../steer/attach.ts';
import { readAttachMachine } from '../steer/machine.ts';
import { failure, isFailure } from '../system/errors.ts';
import { type LiveMachine, silent } from '../use-cases/machine.ts';
import { attachTo, detachFrom, previewAttach } from '../use-cases/steer.ts';
import { mentionInDocument, mentionNetns } from '../words/in-netns.ts';
import { programText } from './changes.ts';
import { prepareTask, said } from './prepare.ts';
import type { Control, Outcome } from './types.ts';

/**
 * @param netns the network namespace, as `--netns` named it; null: the user's own
 * @param report is called with each action, for the events
 */
export function createControl(
  machine: LiveMachine,
  netns: NamedNetns | null,
  report: (text: string) => void,
): Control {
  /** The sentences name the network namespace, also those of a failure. */
  const outside = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return mentionInDocument(await work, netns);
    } catch (error) {
      if (!isFailure(error)) throw error;
      throw failure(error.code, mentionNetns(error.message, netns), mentionNetns(error.hint, netns));
    }
  };
  const running = new Set<Promise<Outcome>>();
  const quitting = new AbortController();
  const doing = async (work: Promise<Outcome>): Promise<Outcome> => {
    running.add(work);
    try {
      const done = await outside(work);
      report(done.text);
      return done;
    } finally {
      running.delete(work);
    }
  };
  const saying = async (work: Promise<string>): Promise<Outcome> => said(await work);
  const optionsFor = (program: string, dryRun: boolean, force: boolean): AttachOptions => ({
    program: { name: groupProgram(program) },
    machine: readAttachMachine(machine),
    groupSize: null,
    dryRun,
    force,
  });
  const attach = async (group: Group, program: string, force: boolean): Promise<string> => {
    const [done] = await attachTo(machine, choiceOf(group), optionsFor(program, false, force), silent);
    return done?.changed === true
      ? `attached \`${program}\` to ${group.id}`
      : `${group.id} has \`${program}\` already`;
  };
  const detach = async (group: Group, force: boolean): Promise<string> => {
    const [done] = await detachFrom(machine, choiceOf(group), { dryRun: false, force }, silent);
    return done?.detached === true
      ? `detached the program from ${group.id}`
      : `${group.id} has no program to detach`;
  };
  return {
    programs: GROUP_PROGRAMS,
    preview: async (group, program) => {
      const found = await outside(previewAttach(machine, group, optionsFor(program, true, false)));
      return {
        group: group.id,
        program,
        groupSize: found.groupSize,
        asm: disassemble(found.program.instructions),
        warnings: found.warnings,
        now: group.selection === null ? 'not known' : programText(group),
        attached: found.attached,
        foreign: isForeign(group),
      };
    },
    attach: async (group, program, force) => (await doing(saying(attach(group, program, force)))).text,
    prepareDetach: (group) => {
      const foreign = isForeign(group);
      const none = group.selection !== null && group.program === null;
      const name = group.program?.name ?? null;
      return {
        title: `Detach from ${group.id}`,
        lines: [
          none
            ? `${group.id} had no program when it was last read. A program that was attached since will be detached.`
            : `Detaches ${name === null ? 'its program' : `\`${name}\``} from ${group.id} (${group.size} sockets).`,
          'From then on the kernel picks a socket by hash.',
          ...(foreign ? ['The program is foreign: an eBPF program cannot be restored.'] : []),
        ],
        choices: [{ key: 'y', label: 'detach', run: () => doing(saying(detach(group, foreign))) }],
      };
    },
    prepare: async (task, configuration, group, progress) => {
      const asked = { task, configuration, group, netns, progress, signal: quitting.signal };
      const { choices, ...what } = await outside(prepareTask(machine, asked));
      return {
        ...what,
        choices: choices.map((choice) => ({ ...choice, run: (shown) => doing(choice.run(shown)) })),
      };
    },
    stop: async () => {
      quitting.abort();
      const ended = await Promise.allSettled(running);
      return ended.map((each) => (each.status === 'fulfilled' ? each.value.text : String(each.reason)));
    },
  };
}

const choiceOf = ({ id, port }: Group) => ({ group: id, port });

/** A program that cannot be seen may be foreign. */
function isForeign({ selection, program }: Group): boolean {
  if (selection === null) return true;
  return program !== null && (program.instructions === null || recognise(program.instructions) === null);
}

function groupProgram(program: string): ProgramName {
  const name = GROUP_PROGRAMS.find((known) => known === program);
  if (name !== undefined) return name;
  throw failure('no-such-program', `no program \`${program}\``, `there are: ${GROUP_PROGRAMS.join(', ')}`);
}
