/** nginx inside a guest: a worker and a reuseport socket for each CPU, pinned. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Guest } from './machine/guest.ts';
import { INSIDE } from './machine/qemu.ts';

/** Resolves to the master's pid, when all workers are there and answer. */
export async function startNginx(guest: Guest, port: number, workers: number): Promise<number> {
  const folder = (await guest.run('mktemp -d')).trim();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const configuration = `user root; pid ${folder}/pid; error_log ${folder}/error.log;
worker_processes ${workers}; worker_cpu_affinity auto;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 100000; ${temporary.join(' ')}
  server { listen ${port} reuseport backlog=4096; location / { return 200 "hello"; } }
}`;
  await guest.run(`cat > ${folder}/nginx.conf <<'end'\n${configuration}\nend\nnginx -c ${folder}/nginx.conf`);
  for (;;) {
    const pid = Number(await guest.run(`cat ${folder}/pid`));
    const children = await guest.run(`cat /proc/${pid}/task/${pid}/children`);
    if (children.trim().split(' ').length === workers) return pid;
    await sleep(200);
  }
}

/**
 * 50 new connections a second from outside, a request each, while `act` takes its time: with more, an emulated machine
 * has no time left for bpftrace 0.17, which needs 20 s to start when it has all of it.
 */
export async function underLoad<T>(guest: Guest, port: number, act: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const load = guest
    .outside(`exec python3 test/lab/connections.py ${INSIDE} ${port} 50`, over.signal)
    .catch((error) => {
      if (!over.signal.aborted) throw error;
    });
  try {
    return await act();
  } finally {
    over.abort();
    await load;
  }
}
