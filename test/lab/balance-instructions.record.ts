/**
 * What the balancer costs a packet, in instructions of the guest: with one CPU and `-icount shift=0` its clock counts them.
 * `npm run lab -- --kernel 6.12 balance-instructions` writes the table in docs/balancing.md.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { useGuest } from './machine/lab.ts';
import { markdown, writeSection } from './record.ts';

interface Found {
  readonly rows: readonly {
    readonly backends: number;
    readonly rows: number;
    readonly cache: number;
    readonly score: number;
  }[];
  readonly others: { readonly nothing: number; readonly anotherAddress: number };
}

const folder = mkdtempSync(join(tmpdir(), 'lt-score-'));
afterAll(() => rmSync(folder, { recursive: true }));
const guest = useGuest(async () => {}, { cpus: 1, nic: 'virtio', exact: true });

it('counts instructions for tables of any size, and beside a program that scores every backend', {
  timeout: 1_800_000,
}, async () => {
  const built = spawnSync(process.execPath, ['scripts/build-bpf.mjs', folder, 'test/bench/balance'], {
    encoding: 'utf8',
  });
  expect(built).toMatchObject({ status: 0 });
  const { rows, others }: Found = JSON.parse(
    await guest().run(`node test/bench/balance/instructions.ts ${folder}`, 1_500),
  );
  const own = (count: number) => `${count - others.nothing}`;
  const version = (await guest().run('uname -sr')).trim();
  const table = markdown(
    ['backends', 'table', 'table and flow cache', 'scoring in the program'],
    rows.map((row) => [`${row.backends}`, own(row.rows), own(row.cache), own(row.score)]),
  );
  writeSection(
    'balancing.md',
    '',
    'What it costs',
    `Instructions of each packet in the program, counted by QEMU (${version}, one CPU, \`-icount shift=0\`, IPv4 and UDP); in the last
column instead of a row of a table the program computes a score for every backend (\`test/bench/balance/score.bpf.c\`):

${table}

A packet for another address costs ${own(others.anotherAddress)}. \`npm run lab -- --kernel 6.12 balance-instructions\` ([the lab](lab.md)) writes this table.`,
  );
  // A row is looked up, however many backends there are.
  const tables = rows.map((row) => row.rows);
  expect(Math.max(...tables) - Math.min(...tables)).toBeLessThan(0.02 * Math.max(...tables));
});
