/** What attach and detach did, or would do. */
import type { Attached, Detached } from '../../steer/attach.ts';
import { table } from './table.ts';
import { type Line, paragraph, type Style, span } from './text.ts';

export function attachLines(results: readonly Attached[], dryRun: boolean, style: Style): Line[] {
  return results.flatMap((result) => [
    ...paragraph('', `${result.group}: ${attachWords(result, dryRun)}`, style),
    ...(result.attached && !result.changed ? [] : programLines(result, style)),
  ]);
}

function attachWords(
  { program, pid, fd, groupSize, attached, changed, previous }: Attached,
  dryRun: boolean,
): string {
  const what = `\`${program.name}\` for ${groupSize} sockets`;
  if (attached && !changed) return `${what} is attached already; nothing was changed`;
  const instead = previous
    ? ` in place of ${previous.name ? `\`${previous.name}\`` : `another ${previous.kind} program`}`
    : '';
  const through = ` through pid ${pid} fd ${fd}`;
  return dryRun
    ? `would attach ${what}${instead}${through}; nothing was changed`
    : `attached ${what}${instead}${through}`;
}

/** Assembler beside the bytecode, as bpf_asm -c would write it. */
function programLines({ program }: Attached, style: Style): Line[] {
  const asm = program.asm.split('\n');
  const rows = program.instructions.map(([code, jt, jf, k], index) => [
    `  ${asm[index] ?? ''}`,
    `{ 0x${code.toString(16)}, ${jt}, ${jf}, 0x${k.toString(16).padStart(8, '0')} },`,
  ]);
  const columns = [
    { head: '', align: 'left' as const },
    { head: '', align: 'left' as const },
  ];
  return table(columns, rows, style).slice(1);
}

export function detachLines(results: readonly Detached[], dryRun: boolean): Line[] {
  return results.map(({ group, pid, fd, detached, previous }) => {
    const name = previous?.name ? `\`${previous.name}\`` : 'the program';
    if (detached)
      return [
        span(`${group}: detached ${name} through pid ${pid} fd ${fd}; the kernel's hash decides again`),
      ];
    if (dryRun && previous)
      return [span(`${group}: would detach ${name} through pid ${pid} fd ${fd}; nothing was changed`)];
    return [span(`${group}: no program is attached; nothing was changed`)];
  });
}
