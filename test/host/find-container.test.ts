import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findContainer, type RunningContainer, runningContainers } from '../../src/host/find-container.ts';
import { treeMaker } from '../fixtures/tree-of.ts';

const treeOf = treeMaker();
const web = '0123456789abcdef'.repeat(4);
const uid = '6f1c2a5e-0b4d-4d0e-9d57-1f2f6a7b8c9d';
const slice = `kubepods.slice/kubepods-pod${uid.replaceAll('-', '_')}.slice`;
const [sandbox, nginx] = ['b'.repeat(64), 'c'.repeat(64)];

const process = (pid: number, start: number, netns: number, path: string) => ({
  [`proc/${pid}/cgroup`]: `0::/${path}\n`,
  [`proc/${pid}/stat`]: `${pid} (a) b) ${'S 0 '.repeat(9)}S ${start} 0`,
  [`proc/${pid}/ns/net`]: `-> net:[${netns}]`,
});

const { files } = treeOf({
  ...process(900, 50, 11, `system.slice/docker-${web}.scope`),
  ...process(7, 99, 11, `system.slice/docker-${web}.scope/init`),
  ...process(31, 60, 12, `${slice}/cri-containerd-${nginx}.scope`),
  ...process(30, 55, 12, `${slice}/cri-containerd-${sandbox}.scope`),
  ...process(40, 70, 13, 'lxc.payload.web/init.scope'),
  ...process(50, 80, 1, 'system.slice/nginx.service'),
  [`var/lib/docker/containers/${web}/config.v2.json`]: '{"Name":"/shop","Config":{"Hostname":"front"}}',
});
const running = runningContainers(files);
const pidOf = (target: string) => findContainer(running, target)?.pid ?? null;

describe('running containers', () => {
  it('are those with a process, each with its oldest one', () => {
    expect(running.map(({ pid, netns, path }) => [pid, netns, path]).toSorted()).toEqual([
      [30, 'net:[12]', `/${slice}/cri-containerd-${sandbox}.scope`],
      [31, 'net:[12]', `/${slice}/cri-containerd-${nginx}.scope`],
      [40, 'net:[13]', '/lxc.payload.web'],
      [900, 'net:[11]', `/system.slice/docker-${web}.scope`],
    ]);
  });

  it.each([
    [web, 900],
    ['0123', 900],
    ['0123456789ab', 900],
    ['shop', 900],
    ['front', 900],
    ['web', 40],
    [uid, 30],
    ['6f1c2a5e', 30],
    ['cccc', 31],
    ['012', null],
    ['0124', null],
    ['6f1c', null],
    ['sho', null],
    ['we', null],
    ['', null],
    ['..', null],
    ['nginx', null],
  ])('%j is that with process %j', (target, pid) => {
    expect(pidOf(target)).toBe(pid);
  });

  it('that fit in several network namespaces are listed, and none is chosen', () => {
    const twin = (n: number): RunningContainer => ({
      container: {
        runtime: 'podman',
        id: `abcd${n}`.padEnd(64, '0'),
        pod: null,
        name: n < 3 ? 'db' : 'x',
        podName: null,
      },
      path: `/${n}`,
      pid: n,
      netns: `net:[${n}]`,
      hostname: null,
    });
    expect(() => findContainer([twin(1), twin(2), twin(3)], 'abcd')).toThrow(
      expect.objectContaining({
        code: 'ambiguous-netns',
        message: '--netns abcd: 3 running containers fit',
        hint: 'name one of them by more of its id, or by a pid: podman abcd10000000 db (pid 1), podman abcd20000000 db (pid 2), podman abcd30000000 x (pid 3)',
      }),
    );
    expect(() => findContainer([twin(1), twin(2), twin(3)], 'db')).toThrow('2 running containers fit');
    // Whoever makes a control group of the same name does not take the place of the real one.
    expect(() =>
      findContainer([twin(1), { ...twin(1), path: '/user.slice/1', netns: 'net:[9]', pid: 9 }], 'abcd1'),
    ).toThrow('2 running containers fit');
    expect(findContainer([twin(1), { ...twin(1), path: '/2' }], 'db')?.pid).toBe(1);
  });

  it('an exact name wins over the beginning of an id', () => {
    const named = (name: string, id: string, pid: number): RunningContainer => ({
      container: { runtime: 'docker', id, pod: null, name, podName: null },
      path: `/${pid}`,
      pid,
      netns: `net:[${pid}]`,
      hostname: null,
    });
    const both = [named('cafe', '1'.repeat(64), 1), named('x', 'cafe'.repeat(16), 2)];
    expect(findContainer(both, 'cafe')?.pid).toBe(1);
    expect(findContainer(both, 'cafec')?.pid).toBe(2);
  });

  it('are found by every beginning of their id that no other has', () => {
    const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
    fc.assert(
      fc.property(
        fc.uniqueArray(hex, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 4, max: 64 }),
        (ids, length) => {
          const all = ids.map(
            (id, pid): RunningContainer => ({
              container: { runtime: null, id, pod: null, name: null, podName: null },
              path: `/${pid}`,
              pid,
              netns: `net:[${pid}]`,
              hostname: null,
            }),
          );
          for (const [pid, id] of ids.entries()) {
            const target = id.slice(0, length);
            const fits = ids.filter((other) => other.startsWith(target)).length;
            if (fits === 1) expect(findContainer(all, target)?.pid).toBe(pid);
            else expect(() => findContainer(all, target)).toThrow(`${fits} running`);
          }
        },
      ),
    );
  });
});
