/**
 * What a program costs a packet, in instructions of the guest: with one CPU and `-icount shift=0` its clock counts them.
 * `npm run lab -- --kernel 6.12 xdp-cost` writes the table in docs/xdp.md.
 */
import { expect, inject, it } from 'vitest';
import { useGuest } from './machine/lab.ts';
import { markdown, writeSection } from './record.ts';

const { kernel } = inject('lab');
const guest = useGuest(async () => {}, { cpus: 1, nic: 'virtio', exact: true });

it('counts the instructions of each program', { timeout: 1_800_000 }, async () => {
  const rows: [what: string, instructions: number][] = JSON.parse(
    await guest().run('node test/bench/xdp/instructions.ts', 1_500),
  );
  const version = (await guest().run('uname -sr')).trim();
  const table = markdown(
    ['program', 'instructions'],
    rows.map(([what, instructions]) => [what, `${instructions}`]),
  );
  writeSection(
    'xdp.md',
    '',
    'What it costs',
    `Instructions of each packet in the program, counted by QEMU (${version}, one CPU, \`-icount shift=0\`, IPv4 and UDP). What the redirect
costs after the program, and the second CPU, is not in it:

${table}

\`npm run lab -- --kernel ${kernel.name} xdp-cost\` ([the lab](lab.md)) writes this table.`,
  );
  expect(rows.every(([, instructions]) => instructions > 0)).toBe(true);
});
