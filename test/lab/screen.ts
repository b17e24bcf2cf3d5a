/**
 * Runs inside a guest: screen.ts COLUMNS ROWS ARGUMENTS…: the tool with these arguments in a pseudo-terminal. Keys come in
 * as JSON strings, one a line, and each is answered with the screen, as JSON; the empty string asks for that alone.
 */
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { openScreen } from '../tui/pty.ts';

const [columns, rows, ...args] = process.argv.slice(2);
const screen = openScreen('locality-tune', args, { columns: Number(columns), rows: Number(rows) });
for await (const line of createInterface(process.stdin)) {
  const keys: string = JSON.parse(line);
  if (keys !== '') screen.type(keys);
  await sleep(300);
  process.stdout.write(`${JSON.stringify(screen.text())}\n`);
}
screen.kill('SIGTERM');
