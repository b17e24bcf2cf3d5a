/** The report in a real browser. Its screenshots are in test/output/. */
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { page } from '../../src/html/page.ts';
import { group, host, nic, owner, pinned, range } from '../fixtures/hosts.ts';
import { cell, measuredOn, pageOf } from '../html/pages.ts';
import { bad, good, huge, inspectionOf } from '../report/machines.ts';

/** Without the background services it asks for nothing that a test did not. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const OUTPUT = join(import.meta.dirname, '../output');
const HOSTILE = '<img src=x onerror="window.hacked = 1">';

const counters = {
  seconds: 1,
  readings: [1, 2].map((times) => ({
    interfaces: [],
    queues: range(8).map((index) => ({ nic: 'eth0', index, packets: times * 1000 * (index + 1) })),
    interrupts: [],
  })),
};
const [first, second] = counters.readings;
if (first === undefined || second === undefined) throw new Error('two readings');

const comparison = { kind: 'machines', before: inspectionOf(bad), after: inspectionOf(good) } as const;
const eight = pageOf({
  measured: measuredOn(8),
  comparison,
  counters: { seconds: 1, readings: [first, second] },
});
const worker = { cpu: 0, more: { owners: [owner([0], { comm: HOSTILE })] } };
const PAGES: ReadonlyMap<string, string> = new Map([
  ['eight', page(eight)],
  [
    'two',
    page(
      pageOf({
        inspection: inspectionOf(
          host({
            cpus: 2,
            nics: [nic({ queues: 2 })],
            groups: [group({ workers: pinned(0, 1), program: 'cpu' })],
          }),
        ),
        measured: measuredOn(2),
      }),
    ),
  ],
  ['huge', page(pageOf({ inspection: inspectionOf(huge), measured: measuredOn(512) }))],
  [
    'hostile',
    page(
      pageOf({
        inspection: inspectionOf(
          host({ nics: [nic({ queues: 2 })], groups: [group({ workers: [worker, { cpu: 1 }] })] }),
        ),
        source: HOSTILE,
      }),
    ),
  ],
]);

let browser: Browser;
let origin = '';
const asked: string[] = [];
const server = createServer(({ url = '' }, response) => {
  asked.push(url);
  const html = PAGES.get(url.slice(1));
  response.writeHead(html === undefined ? 404 : 200, { 'content-type': 'text/html' }).end(html);
});

beforeAll(async () => {
  mkdirSync(OUTPUT, { recursive: true });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ARGS });
});
afterAll(async () => {
  await browser?.close();
  server.close();
});

interface Opened {
  readonly tab: Page;
  /** Errors of scripts, of the policy, of missing files. */
  readonly errors: readonly string[];
  readonly requests: readonly string[];
}

async function open(name: string, width = 1100): Promise<Opened> {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const tab = await context.newPage();
  const errors: string[] = [];
  const requests: string[] = [];
  tab.on('pageerror', ({ message }) => errors.push(message));
  tab.on('console', (message) => errors.push(message.text()));
  tab.on('request', (request) => requests.push(request.url()));
  await tab.goto(`${origin}/${name}`);
  return { tab, errors, requests };
}

const background = (tab: Page) =>
  tab.evaluate('getComputedStyle(document.body).backgroundColor') as Promise<string>;

describe('the report in Chromium', () => {
  it.each([...PAGES.keys()])(
    '%s: no error, no request but for itself, nothing wider than the page',
    async (name) => {
      asked.length = 0;
      for (const width of [1100, 420]) {
        const { tab, errors, requests } = await open(name, width);
        expect(await tab.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
        await tab.screenshot({ path: join(OUTPUT, `report-${name}-${width}.png`), fullPage: true });
        expect(errors).toEqual([]);
        expect(requests).toEqual([`${origin}/${name}`]);
        await tab.context().close();
      }
      expect(asked).toEqual([`/${name}`, `/${name}`]);
    },
  );

  it('shows a heatmap whose cells are where they belong, and show their numbers', async () => {
    const { tab } = await open('eight');
    const cells = tab.locator('svg.heat').first().locator('.cell');
    expect(await cells.count()).toBe(64);
    await cells.nth(29).scrollIntoViewIfNeeded();
    const boxes = await Promise.all([0, 29, 63].map((at) => cells.nth(at).locator('rect').boundingBox()));
    const [origin, inner, last] = boxes;
    if (!origin || !inner || !last) throw new Error('cells that are not drawn');
    // Row 3, column 5 of eight.
    const pitch = (last.x - origin.x) / 7;
    expect(last.y - origin.y).toBeCloseTo(7 * pitch, 0);
    expect(inner.x - origin.x).toBeCloseTo(5 * pitch, 0);
    expect(inner.y - origin.y).toBeCloseTo(3 * pitch, 0);
    const under = await tab.evaluate(
      `document.elementFromPoint(${inner.x + inner.width / 2}, ${inner.y + inner.height / 2}).closest('g').querySelector('title').textContent`,
    );
    expect(under).toBe(`from CPU 3 to CPU 5: ${3 * cell(3, 5)} packets, 0.8 %`);
    const fill = (at: number) =>
      tab.evaluate(`getComputedStyle(document.querySelectorAll('.heat .cell rect')[${at}]).fill`);
    expect(await fill(0)).toBe('rgb(26, 127, 55)');
    expect(await fill(1)).toBe('rgb(198, 45, 54)');
    expect(Number(await cells.nth(0).locator('rect').getAttribute('fill-opacity'))).toBeGreaterThan(0.9);
  });

  it('keeps text inside of its box, at 2 queues and at 1,024', async () => {
    for (const name of ['two', 'eight', 'huge']) {
      const { tab } = await open(name);
      const over = await tab.evaluate(`[...document.querySelectorAll('.path .box')].flatMap((box) => {
        const room = box.querySelector('rect').getBBox();
        return [...box.querySelectorAll('text')].filter((text) => {
          const { x, width } = text.getBBox();
          return x + width > room.x + room.width;
        }).map((text) => text.textContent);
      })`);
      expect(over).toEqual([]);
      await tab.context().close();
    }
  });

  it('copies the commands of a finding', async () => {
    const { tab, errors } = await open('two');
    const finding = tab.locator('.findings > li').first();
    await finding.locator('.copy').click();
    await finding.getByText('copied').waitFor();
    expect(await tab.evaluate('navigator.clipboard.readText()')).toBe(
      `${await finding.locator('pre').textContent()}\n`,
    );
    expect(errors).toEqual([]);
  });

  it('executes no markup in the name of a process', async () => {
    const { tab } = await open('hostile');
    expect(await tab.evaluate('window.hacked')).toBeUndefined();
    expect(await tab.locator('header').textContent()).toContain(HOSTILE);
    expect(await tab.locator('img').count()).toBe(0);
  });

  it('is dark if the reader prefers that, light on paper, and prints', async () => {
    const { tab } = await open('eight');
    expect(await background(tab)).toBe('rgb(255, 255, 255)');
    await tab.emulateMedia({ colorScheme: 'dark' });
    expect(await background(tab)).toBe('rgb(20, 23, 28)');
    await tab.screenshot({ path: join(OUTPUT, 'report-eight-dark.png'), fullPage: true });
    await tab.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await background(tab)).toBe('rgb(255, 255, 255)');
    expect(await tab.locator('.copy').first().isVisible()).toBe(false);
    const pdf = await tab.pdf({ path: join(OUTPUT, 'report-eight.pdf'), format: 'A4' });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
  });
});
