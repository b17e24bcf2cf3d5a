/**
 * A service as systemd starts it: says what it hears of FILE... by its status, serves the socket that it was given, and
 * stops sending its sign of life when it is asked to by that socket.
 */
import { createServer } from 'node:net';
import { openNotifier, passedSockets, watchdogMs } from '../../src/system/service-manager.ts';
import { listen } from '../../src/watch/listen.ts';

const notifier = openNotifier(process.env);
const files = process.argv.slice(2);
const heard: unknown[] = [];
const listening = await listen({ files, sockets: [], ports: [] }, (each) => {
  if (each.kind === 'written') heard.push(each.by);
});

const interval = watchdogMs(process.env, process.pid);
const alive = setInterval(() => notifier?.alive(), (interval ?? 1_000) / 2);

const [socket] = passedSockets(process.env, process.pid);
createServer((connection) => {
  connection.on('data', (asked) => {
    if (String(asked) === 'hang\n') clearInterval(alive);
    connection.end(JSON.stringify({ name: socket?.name, interval, heard }));
  });
}).listen({ fd: socket?.fd });

process.on('SIGHUP', () => {
  notifier?.reloading();
  notifier?.ready('read again');
});
process.on('SIGTERM', () => {
  notifier?.stopping('ends');
  listening.close();
  process.exit(0);
});
notifier?.ready(`${listening.sources.filter(({ ok }) => ok).length} sources`);
