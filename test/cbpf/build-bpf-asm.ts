/**
 * Builds the kernel's bpf_asm into the user's cache, unless it is there: from Debian's kernel source package,
 * with Debian's flex and bison, all of it downloaded and unpacked, nothing installed. Takes 140 MB and 10 s.
 * What is missing is said aloud and is no failure: the tests that need bpf_asm are then left out by name.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { BPF_ASM } from './bpf-asm.ts';

const SCRIPT = `
source=$(apt-cache depends linux-source | sed -n 's/.*Depends: //p')
apt-get download -qq "$source" flex bison m4 libsigsegv2
for name in flex bison m4 libsigsegv2; do dpkg-deb -x "$name"_*.deb tools; done
dpkg-deb --fsys-tarfile "$source"_*.deb | tar -xO "./usr/src/$source.tar.xz" | xz -dc |
  tar -x --occurrence=1 --strip-components=3 "$source"/tools/bpf/bpf_asm.c "$source"/tools/bpf/bpf_exp.l "$source"/tools/bpf/bpf_exp.y
export PATH="$PWD/tools/usr/bin:$PATH" M4="$PWD/tools/usr/bin/m4" BISON_PKGDATADIR="$PWD/tools/usr/share/bison"
export LD_LIBRARY_PATH="$(echo "$PWD"/tools/usr/lib/*-linux-gnu*)"
flex -o bpf_exp.lex.c bpf_exp.l
bison -d -o bpf_exp.yacc.c bpf_exp.y
cc -O2 -w -o bpf_asm bpf_asm.c bpf_exp.lex.c bpf_exp.yacc.c
`;

function build(): void {
  console.log("building bpf_asm from Debian's kernel source");
  const folder = mkdtempSync(join(tmpdir(), 'locality-tune-build-'));
  try {
    const { status, stderr, error } = spawnSync('sh', ['-euc', SCRIPT], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 120_000,
    });
    if (status === 0) {
      mkdirSync(dirname(BPF_ASM), { recursive: true });
      copyFileSync(join(folder, 'bpf_asm'), BPF_ASM);
    } else console.warn(`bpf_asm could not be built: ${error?.message ?? stderr.trim().split('\n').at(-1)}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (!existsSync(BPF_ASM)) build();
