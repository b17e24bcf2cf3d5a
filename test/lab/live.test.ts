/** The view of a machine with several queues under load: what it measures, and what a key does to it. */
import { expect, inject, it } from 'vitest';
import { useGuest } from './machine/lab.ts';
import { startNginx, underLoad } from './nginx.ts';
import { openView } from './view.ts';

const PORT = 8080;
const { cpus } = inject('lab').hardware;
const guest = useGuest(async (each) => {
  await startNginx(each, PORT, cpus);
});

/** Of the overview: `accept 12.5 %`, of one port or all. */
const matched = (text: string): number => Number(/accept [^%]*?([\d.]+) %/.exec(text)?.[1] ?? Number.NaN);

it('shows that connections are local while a program is attached in its dialog, and not without it', () =>
  underLoad(guest(), PORT, async () => {
    const view = openView(guest(), `--iface eth0 --port ${PORT}`);
    await view.until((text) => matched(text) < 60);
    await view.press('4');
    await view.until(/slot[\s\S]*hash/);
    await view.press('a');
    await view.until(/Attach a program[\s\S]*y: attach/);
    await view.press('y');
    await view.until(/attached `cpu`/);
    await view.press('1');
    const tuned = await view.until((text) => matched(text) > 99);
    expect(tuned).toMatch(/eth0/);
    await view.press('d');
    await view.until(/y: yes/);
    await view.press('y');
    await view.until((text) => matched(text) < 60);
    await view.close();
  }));
