/** New connections at a modest pace, from the CPU that it runs on, until it is ended: `taskset -c CPU node tune-load.ts PORT`. */
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const PORT = Number(process.argv[2]);
const BATCH = 8;
const PAUSE_MS = 15;

const request = () =>
  new Promise<void>((done) => {
    get({ host: '127.0.0.1', port: PORT, agent: false }, (response) => response.resume().on('end', done)).on(
      'error',
      () => done(),
    );
  });

for (;;) {
  await Promise.all(Array.from({ length: BATCH }, request));
  await sleep(PAUSE_MS);
}
