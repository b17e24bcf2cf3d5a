import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCgroup, readCgroup } from '../../src/host/cgroup.ts';
import { openFiles } from '../../src/system/files.ts';

const id = '0123456789abcdef'.repeat(4);
const other = 'fedcba9876543210'.repeat(4);
const uid = '6f1c2a5e-0b4d-4d0e-9d57-1f2f6a7b8c9d';
const unnamed = { name: null, podName: null };
const none = { unit: null, container: null };

describe('the control group of a process', () => {
  it.each([
    ['0::/system.slice/nginx.service', 'nginx.service'],
    ['0::/system.slice/system-haproxy.slice/haproxy@blue.service', 'haproxy@blue.service'],
    ['0::/user.slice/user-1000.slice/user@1000.service/app.slice/relay.service', 'relay.service'],
    ['0::/user.slice/user-0.slice/session-3.scope', 'session-3.scope'],
    ['1:name=systemd:/system.slice/unbound.service\n2:cpu,cpuacct:/', 'unbound.service'],
    ['3:cpuset:/\n1:name=systemd:/system.slice/sshd.service\n0::/', 'sshd.service'],
    [
      '0::/system.slice/system-foo.slice/system-foo-bar.slice/foo@bar\\x2dbaz.service',
      'foo@bar\\x2dbaz.service',
    ],
    ['0::/user.slice/user-1000.slice/user@1000.service/init.scope', 'init.scope'],
    ['0::/a.slice/a-b.slice/a-b-c.slice/relay.service/worker-3', 'relay.service'],
    ['0::/system.slice/_cpu.service', 'cpu.service'],
    ['0::/system.slice/nginx.service (deleted)', 'nginx.service'],
    ['0::/../../../system.slice/nginx.service', 'nginx.service'],
    ['0::/system.slice/a:b.service', 'a:b.service'],
    ['0::/../..', null],
    ['0::/', null],
    ['0::/.service/.scope', null],
    ['0::/user.slice/user-1000.slice', null],
    ['2:cpu:/system.slice/not.service', null],
    ['1:name=openrc:/nginx', null],
    ['', null],
  ])('%j: unit %s', (text, unit) => {
    expect(parseCgroup(text)).toEqual({ unit, container: null });
  });

  const pods = uid.replaceAll('-', '_');
  const burstable = `kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${pods}.slice`;
  const kubelet = `kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort-pod${pods}.slice`;
  const hash = '4f5e6c7b8a9d0e1f2a3b4c5d6e7f8a9b';

  it.each([
    [`0::/system.slice/docker-${id}.scope`, 'docker', id, null],
    [`5:cpuset:/\n1:name=systemd:/docker/${id}`, 'docker', id, null],
    // Without systemd, as on Alpine with the hierarchies of version 1.
    [`4:memory:/docker/${id}\n1:name=openrc:/docker`, 'docker', id, null],
    [`0::/${burstable}/cri-containerd-${id}.scope`, 'containerd', id, uid],
    [`0::/../../${burstable}/cri-containerd-${id}.scope`, 'containerd', id, uid],
    [`0::/../cri-containerd-${id}.scope`, 'containerd', id, null],
    [
      `0::/system.slice/containerd.service/${burstable.split('/').at(-1)}:cri-containerd:${id}`,
      'containerd',
      id,
      uid,
    ],
    [`0::/kubepods.slice/kubepods-pod${pods}.slice/crio-${id}.scope/container`, 'cri-o', id, uid],
    [`0::/kubepods/besteffort/pod${uid}/crio-${id}`, 'cri-o', id, uid],
    [`0::/kubepods/besteffort/pod${uid}/${id}`, null, id, uid],
    [`11:memory:/kubepods/burstable/pod${hash}/${id}`, null, id, hash],
    // A node of a cluster that runs in containers (kind, k3d).
    [`0::/system.slice/docker-${other}.scope/${kubelet}/cri-containerd-${id}.scope`, 'containerd', id, uid],
    [`0::/docker/${other}/${kubelet}`, null, null, uid],
    [`0::/kubepods/pod${uid}/${other}/docker/${id}`, 'docker', id, uid],
    [`0::/system.slice/nerdctl-${id}.scope`, 'containerd', id, null],
    [`0::/machine.slice/libpod-${id}.scope/container`, 'podman', id, null],
    [`0::/machine.slice/machine-libpod_pod_${other}.slice/libpod-${id}.scope`, 'podman', id, other],
    [`0::/libpod_parent/libpod-${id}`, 'podman', id, null],
    [
      `0::/user.slice/user-1000.slice/user@1000.service/app.slice/web.service/libpod-payload-${id}`,
      'podman',
      id,
      null,
    ],
    [`0::/system.slice/kata-${id}.scope`, 'kata', id, null],
    ['0::/lxc.payload.web/init.scope', 'lxc', 'web', null],
    ['9:cpu:/lxc/web\n1:name=systemd:/lxc/web/system.slice/nginx.service', 'lxc', 'web', null],
    ['0::/machine.slice/machine-web\\x2d1.scope', 'machine', 'web-1', null],
    ['0::/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator', 'machine', 'qemu-1-vm', null],
    ['0::/machine.slice/systemd-nspawn@web.service/payload', 'machine', 'web', null],
  ])('%j: container of %s, id %s, pod %s', (text, runtime, container, pod) => {
    expect(parseCgroup(text).container).toEqual({ runtime, id: container, pod, ...unnamed });
  });

  it.each([
    `0::/system.slice/crio-conmon-${id}.scope`,
    `0::/machine.slice/libpod-conmon-${id}.scope`,
    `0::/system.slice/build-${id}`,
    `0::/system.slice/docker-${id.slice(1)}.scope`,
    '0::/lxc.monitor.web',
    '0::/system.slice/docker.service',
  ])('%s: no container', (text) => {
    expect(parseCgroup(text).container).toBeNull();
  });

  it('keeps the unit that a container runs in', () => {
    expect(parseCgroup(`0::/system.slice/podman.service/libpod-${id}.scope`)).toEqual({
      unit: 'podman.service',
      container: { runtime: 'podman', id, pod: null, ...unnamed },
    });
  });

  it.each([
    [`0::/system.slice/docker-${id}.scope/system.slice/nginx.service`, 'nginx.service'],
    [`0::/user.slice/user-0.slice/user@0.service/app.slice/web.service/libpod-payload-${id}`, 'web.service'],
    [`0::/machine.slice/systemd-nspawn@web.service/payload/system.slice/nginx.service`, 'nginx.service'],
    [`0::/machine.slice/systemd-nspawn@web.service/payload`, 'systemd-nspawn@web.service'],
    [`0::/system.slice/docker-${id}.scope`, null],
  ])('%s: the innermost unit %s', (text, unit) => {
    expect(parseCgroup(text).unit).toBe(unit);
  });

  it('is found in any nesting of slices, namespaces and hierarchies', () => {
    const hex = (n: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${n}}$`));
    const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
    const slices = fc.array(
      word.map((name) => `${name}.slice`),
      { maxLength: 4 },
    );
    const unit = fc
      .tuple(word, fc.option(fc.stringMatching(/^[a-z0-9:_.]{1,6}$/)), fc.constantFrom('service', 'scope'))
      .map(([name, instance, kind]) => `${name}${instance === null ? '' : `@${instance}\\x2d`}.${kind}`);
    const scope = fc.tuple(fc.constantFrom('docker', 'cri-containerd', 'crio', 'libpod', 'nerdctl'), hex(64));
    const up = fc.nat(3).map((n) => Array<string>(n).fill('..'));
    const around = fc.constantFrom(
      (path: string) => `0::${path}\n`,
      (path: string) => `12:cpu,cpuacct:/\n1:name=systemd:${path}\n`,
      (path: string) => `1:name=systemd:${path}\n0::/\n`,
      (path: string) => `5:memory:/system.slice\n1:name=systemd:/\n0::${path}\n`,
    );
    fc.assert(
      fc.property(up, slices, unit, fc.option(scope), around, (above, outer, own, inner, wrap) => {
        const container = inner === null ? [] : [`${inner[0]}-${inner[1]}.scope`];
        const found = parseCgroup(wrap(`/${[...above, ...outer, own, ...container].join('/')}`));
        expect(found.unit).toBe(own);
        expect(found.container?.id ?? null).toBe(inner?.[1] ?? null);
      }),
    );
  });

  it('of a process that has gone is not known', () => {
    expect(readCgroup(openFiles('/'), 0x3fffffff)).toEqual(none);
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseCgroup(text)));
    fc.assert(
      fc.property(fc.stringMatching(/^0::(\/[a-z.\-_@]{0,12}){0,4}$/), (text) => void parseCgroup(text)),
    );
  });
});
