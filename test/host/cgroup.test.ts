import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCgroup, readCgroup } from '../../src/host/cgroup.ts';
import { openFiles } from '../../src/system/files.ts';

const id = '0123456789abcdef'.repeat(4);
const uid = '6f1c2a5e-0b4d-4d0e-9d57-1f2f6a7b8c9d';
const none = { unit: null, container: null };

describe('the control group of a process', () => {
  it.each([
    ['0::/system.slice/nginx.service', 'nginx.service'],
    ['0::/system.slice/system-haproxy.slice/haproxy@blue.service', 'haproxy@blue.service'],
    ['0::/user.slice/user-1000.slice/user@1000.service/app.slice/relay.service', 'relay.service'],
    ['0::/user.slice/user-0.slice/session-3.scope', 'session-3.scope'],
    ['1:name=systemd:/system.slice/unbound.service\n2:cpu,cpuacct:/', 'unbound.service'],
    ['3:cpuset:/\n1:name=systemd:/system.slice/sshd.service\n0::/', 'sshd.service'],
    ['0::/', null],
    ['2:cpu:/system.slice/not.service', null],
    ['', null],
  ])('%j: unit %s', (text, unit) => {
    expect(parseCgroup(text)).toEqual({ unit, container: null });
  });

  it.each([
    [`0::/system.slice/docker-${id}.scope`, { runtime: 'docker', id, pod: null }],
    [`5:cpuset:/\n1:name=systemd:/docker/${id}`, { runtime: 'docker', id, pod: null }],
    [
      `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice/cri-containerd-${id}.scope`,
      { runtime: 'containerd', id, pod: uid },
    ],
    [
      `0::/kubepods.slice/kubepods-pod${uid.replaceAll('-', '_')}.slice/crio-${id}.scope/container`,
      { runtime: 'cri-o', id, pod: uid },
    ],
    [`0::/kubepods/besteffort/pod${uid}/${id}`, { runtime: null, id, pod: uid }],
    [`0::/machine.slice/libpod-${id}.scope/container`, { runtime: 'podman', id, pod: null }],
    ['0::/lxc.payload.web/init.scope', { runtime: 'lxc', id: 'web', pod: null }],
    ['0::/machine.slice/machine-web\\x2d1.scope', { runtime: 'machine', id: 'web-1', pod: null }],
  ])('%j: a container', (text, container) => {
    expect(parseCgroup(text).container).toEqual(container);
  });

  it('keeps the unit that a container runs in', () => {
    expect(parseCgroup(`0::/system.slice/podman.service/libpod-${id}.scope`)).toEqual({
      unit: 'podman.service',
      container: { runtime: 'podman', id, pod: null },
    });
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
