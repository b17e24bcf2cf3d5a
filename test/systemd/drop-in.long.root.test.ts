/** `attach --persist` under a real systemd, with the units of the servers' own packages: start, restart, reload. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Group } from '../../src/host/types.ts';
import { assertBpfAnswers } from '../integration/bpf.ts';
import { type Booted, openMachine } from './machine.ts';

interface Server {
  readonly unit: string;
  readonly port: number;
  readonly udp?: true;
  readonly program: string;
  /** By path below `/`, for two workers. */
  readonly files: Readonly<Record<string, string>>;
}

const SERVERS: readonly Server[] = [
  {
    unit: 'nginx',
    port: 8081,
    program: 'map',
    files: {
      'etc/nginx/nginx.conf': `user www-data; pid /run/nginx.pid; error_log stderr;
worker_processes 2; worker_cpu_affinity 01 10;
events { worker_connections 64; }
http { access_log off; server { listen 127.0.0.1:8081 reuseport; return 200; } }
`,
    },
  },
  {
    unit: 'haproxy',
    port: 8082,
    program: 'map',
    files: {
      'etc/haproxy/haproxy.cfg': `global
  nbthread 2
  cpu-map auto:1/1-2 0-1
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 5s
frontend test
  bind 127.0.0.1:8082 shards by-thread
  http-request return status 200
`,
    },
  },
  {
    unit: 'unbound',
    port: 5353,
    udp: true,
    program: 'rand',
    files: {
      'etc/unbound/unbound.conf': `server:
  interface: 127.0.0.1@5353
  num-threads: 2
  so-reuseport: yes
  module-config: "iterator"
  chroot: ""
remote-control:
  control-enable: no
`,
    },
  },
];

let machine: Booted;
beforeAll(async () => {
  await assertBpfAnswers();
  machine = openMachine('drop-in', '');
  for (const { files } of SERVERS)
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(machine.files, path)), { recursive: true });
      writeFileSync(join(machine.files, path), text);
    }
  await machine.boot();
  // Debian's haproxy.service binds /dev/log.
  machine.run('systemctl start systemd-journald-dev-log.socket');
}, 300_000);
afterAll(() => machine?.close());

describe.each(SERVERS)('$unit', ({ unit, port, udp, program }) => {
  const selector = `--port ${port}${udp ? ' --udp' : ''}`;
  const service = `${unit}.service`;
  const path = `/etc/systemd/system/${service}.d/locality-tune-${udp ? 'udp' : 'tcp'}-${port}.conf`;

  function seen(): { program: string | null; size: number; rules: string[] } {
    const { groups, findings } = JSON.parse(
      machine.run(`locality-tune inspect --port ${port} --sample 0 --json`),
    ) as { groups: Group[]; findings: { rule: string }[] };
    const group = groups.find(({ protocol }) => protocol === (udp ? 'udp' : 'tcp'));
    return {
      program: group?.program?.name ?? null,
      size: group?.size ?? 0,
      rules: findings.map(({ rule }) => rule).filter((rule) => rule.startsWith('program-')),
    };
  }
  const log = () => machine.run(`journalctl --no-pager -u ${service} | tail -20`);

  it('has its program after the start, a restart and a reload, each time for the sockets that it has then', () => {
    machine.run(`systemctl start ${service}`);
    machine.run(`locality-tune attach ${selector} --program ${program} --wait --persist --yes`);
    expect(machine.run(`cat ${path}`)).toContain(`attach ${selector} --program ${program} --wait 60 --yes`);
    expect(seen()).toEqual({ program, size: 2, rules: [] });

    const former = machine.run(`systemctl show ${service} -P MainPID`);
    machine.run(`systemctl restart ${service}`);
    expect(machine.run(`systemctl show ${service} -P MainPID`)).not.toBe(former);
    expect({ log: log(), ...seen() }).toMatchObject({ program, size: 2, rules: [] });

    machine.run(`systemctl reload ${service}`);
    expect({ log: log(), ...seen() }).toMatchObject({ program, size: 2, rules: [] });
    expect(machine.run(`systemctl is-active ${service}`)).toBe('active\n');
  }, 300_000);

  it('has none after detach --persist and a restart', () => {
    machine.run(`locality-tune detach ${selector} --persist --yes`);
    expect(machine.run(`ls /etc/systemd/system`)).not.toContain(service);
    machine.run(`systemctl restart ${service}`);
    expect(seen().program).toBeNull();
    machine.run(`systemctl stop ${service}`);
  }, 300_000);
});
