import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../run.ts';

let folder = '';
const save = (name: string, ...hosts: readonly number[]): string => {
  const path = join(folder, name);
  const backends = hosts.map((host) => ({ address: `10.0.0.${host}` }));
  const vips = [{ address: '198.51.100.1', port: 443, protocol: 'tcp', backends }];
  writeFileSync(path, JSON.stringify({ seed: '0123456789abcdef', vips }));
  return path;
};
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lt-balance-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('balance', () => {
  it('check shows the share of each backend and a digest', async () => {
    const { status, stdout } = await run(['balance', 'check', save('a.json', 1, 2, 3)]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^tcp 198\.51\.100\.1:443$/m);
    expect(stdout).toMatch(/^10\.0\.0\.2 +mac +from the neighbour table +1 +33\.\d % +\d{5}$/m);
    expect(stdout).toMatch(/^Digest [0-9a-f]{16}: /m);
  });

  it('plan says how many connections break when a backend comes, and that none does when one goes', async () => {
    const [three, four] = [save('3.json', 1, 2, 3), save('4.json', 1, 2, 3, 4)];
    const adding = await run(['balance', 'plan', four, '--against', three]);
    expect(adding.stdout).toMatch(/^About 2[45]\.?\d? % of the open connections break: /m);
    const { vips } = JSON.parse((await run(['balance', 'plan', three, '--against', four, '-j'])).stdout);
    expect(vips[0].moves).toMatchObject({ broken: 0, orphaned: vips[0].moves.rows });
    expect((await run(['balance', 'plan', three, '--against', three])).stdout).toContain('No row moves');
  });

  it('names the file and the place of a mistake', async () => {
    const bad = join(folder, 'bad.json');
    writeFileSync(bad, '{"seed": "0123456789abcdef", "vips": [{"adress": "::1"}]}');
    const { status, stderr } = await run(['balance', 'check', bad]);
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/bad\.json: vips\[0\]: there is no field "adress"; known are address, /),
    ]);
    const { stdout } = await run(['balance', 'plan', bad, '-j']);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'locality-tune.balance-plan/1',
      error: { code: 'bad-balancer' },
    });
    expect((await run(['balance', 'plan'])).status).toBe(2);
  });
});
