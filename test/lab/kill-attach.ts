/**
 * kill-attach.ts child|parent ARGUMENTS...: runs the tool in a guest, and kills it, or the process that attaches for it, while the
 * kernel carries out the message that attaches. After the parent, `undo` runs at once. Prints JSON: `caught`: it was there
 * in time; `code` of the error that the tool printed; `attached`: what is there once all have ended.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { childOf, end, ended } from '../xdp/children.ts';

/** x86-64: sendto, in which the kernel does what a netlink message asks for. */
const SENDTO = '44 ';

const [who, ...args] = process.argv.slice(2);
const command = spawn('locality-tune', [...args, '--yes', '-j'], { stdio: ['ignore', 'pipe', 'ignore'] });
const [output, exit] = [command.stdout.toArray(), once(command, 'exit')];
const parent = command.pid ?? 0;
const child = await childOf(parent);

/** Does a thread of it sleep in that call? null: it has ended. */
function isSending(pid: number): boolean | null {
  try {
    return readdirSync(`/proc/${pid}/task`).some((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/syscall`, 'latin1').startsWith(SENDTO),
    );
  } catch {
    return null;
  }
}

let caught = isSending(child);
while (caught === false) {
  await turn();
  caught = isSending(child);
}
end(who === 'child' ? child : parent);
await exit;
if (who === 'parent') execFileSync('locality-tune', ['undo', '--yes']);
await ended(child);
const text = Buffer.concat(await output).toString();
const { interfaces } = JSON.parse(
  execFileSync('sh', ['-c', 'locality-tune xdp status -j || true'], { encoding: 'utf8' }),
);
console.log(
  JSON.stringify({
    caught: caught === true,
    code: text === '' ? null : (JSON.parse(text).error?.code ?? null),
    attached: interfaces.length,
  }),
);
