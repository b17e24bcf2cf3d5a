import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ENVIRONMENT, findProgram } from '../../src/system/programs.ts';
import { run } from '../../src/system/run.ts';

const before = { ...process.env };
afterEach(() => {
  for (const name of ['PATH', 'NODE_OPTIONS', 'BPFTRACE_BTF', 'LD_DEBUG'])
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
});

describe('a child', () => {
  it('gets a fixed PATH and nothing of our environment', async () => {
    Object.assign(process.env, {
      PATH: '/tmp/evil:/usr/bin',
      NODE_OPTIONS: '',
      BPFTRACE_BTF: 'x',
      LD_DEBUG: 'x',
    });
    const { stdout } = await run('env', [], { timeoutMs: 20_000 });
    expect(stdout.trim().split('\n').sort()).toEqual(
      Object.entries(ENVIRONMENT)
        .map(([name, value]) => `${name}=${value}`)
        .sort(),
    );
  });

  it('is found in fixed folders only', () => {
    process.env['PATH'] = '/tmp/evil';
    expect(findProgram('true')).toMatch(/^\/(?:usr\/)?bin\/true$/);
  });
});

describe('no shell', () => {
  const src = join(import.meta.dirname, '../../src');
  const sources = ['src', 'tui'].flatMap((room) =>
    readdirSync(join(src, '..', room), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.tsx?$/.test(name))
      .map((name) => join(src, '..', room, name)),
  );

  // Completion names shells because it prints scripts for them.
  const elsewhere = sources.filter((path) => !path.includes('/cli/completion/'));

  it('is named in the sources, or requested by the code that starts children', () => {
    const bad = elsewhere.filter((path) => {
      const text = readFileSync(path, 'utf8');
      return /['"`](?:\/bin\/)?(?:ba|da)?sh['"`]|shell: true|\bexec(?:Sync)?\(['"`]/.test(text);
    });
    expect(bad).toEqual([]);
  });

  it('and every program that is started is in docs/requirements.md', () => {
    const declared = /^export type ExternalProgram = (.*);$/m.exec(
      readFileSync(join(src, 'system/programs.ts'), 'utf8'),
    );
    const names = [...(declared?.[1] ?? '').matchAll(/'([^']+)'/g)].map(([, name]) => name);
    expect(names).toContain('bpftrace');
    const documented = readFileSync(join(src, '../docs/requirements.md'), 'utf8');
    for (const name of names) expect(documented, name).toContain(`| \`${name}\` |`);
  });
});
