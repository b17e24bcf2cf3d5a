/** The kernel's own assembler, to compare with: where it is kept, and how to run it on thousands of texts. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Made by build-bpf-asm.ts, once for each user. */
export const BPF_ASM = join(
  process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'),
  'locality-tune/bpf_asm',
);

/** What it printed; null where it refused. */
export type Answer = string | null;

/** One process for each text, all started by one shell. */
export function bpfAsm(texts: readonly string[], flags = ''): Answer[] {
  const folder = mkdtempSync(join(tmpdir(), 'locality-tune-bpf-asm-'));
  try {
    mkdirSync(join(folder, 'out'));
    for (const [index, text] of texts.entries()) writeFileSync(join(folder, String(index)), text, 'latin1');
    const each = `"$1" ${flags} "$name" >"out/$name" 2>/dev/null || echo refused >"out/$name"`;
    const { status, stderr } = spawnSync(
      'sh',
      ['-c', `for name in $(seq 0 ${texts.length - 1}); do ${each}; done`, 'sh', BPF_ASM],
      { cwd: folder, encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`bpf_asm: ${stderr}`);
    return texts.map((_, index) => {
      const out = readFileSync(join(folder, 'out', String(index)), 'latin1');
      return out === 'refused\n' ? null : out;
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
