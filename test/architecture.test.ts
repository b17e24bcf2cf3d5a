/** The code follows docs/architecture.md: every import is compared with the table there. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

/** Room -> what it may use, as the table has it. */
function table(): ReadonlyMap<string, ReadonlySet<string>> {
  const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
  const rows = page.matchAll(/^\| `(?:src\/)?([\w-]+)` \|[^|]*\|([^|]*)\|$/gm);
  return new Map(Array.from(rows, ([, room = '', uses = '']) => [room, new Set(uses.match(/[\w-]+/g))]));
}

const sources = ['probes', 'src', 'tui'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => `${folder}/${name}`),
);

/** `import … from`, `export … from`, `import('…')`; types count as well. Without comments, which may show an import. */
function importsOf(file: string): string[] {
  const code = readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const found = code.matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+)'(\.{1,2}\/[^']+)'/gm);
  return Array.from(found, ([, path = '']) => normalize(join(dirname(file), path)));
}

const roomOf = (path: string): string => path.split('/')[path.startsWith('src/') ? 1 : 0] ?? '';

const graph = new Map(sources.map((file) => [file, importsOf(file)]));

/** The first circle that is met, as the names on it; null where there is none. */
function circleIn(edges: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>();
  const visit = (node: string, above: readonly string[]): string[] | null => {
    const at = above.indexOf(node);
    if (at >= 0) return [...above.slice(at), node];
    if (done.has(node)) return null;
    for (const next of edges.get(node) ?? []) {
      const circle = visit(next, [...above, node]);
      if (circle !== null) return circle;
    }
    done.add(node);
    return null;
  };
  for (const node of edges.keys()) {
    const circle = visit(node, []);
    if (circle !== null) return circle;
  }
  return null;
}

describe('the architecture', () => {
  it('has a row for each room', () => {
    const rooms = table();
    expect([...new Set(sources.map(roomOf))].filter((room) => !rooms.has(room))).toEqual([]);
    expect(graph.size).toBeGreaterThan(300);
  });

  it('has no arrow that is not in the table', () => {
    const rooms = table();
    const wrong = [...graph].flatMap(([file, imports]) =>
      imports
        .filter((path) => roomOf(path) !== roomOf(file) && !rooms.get(roomOf(file))?.has(roomOf(path)))
        .map((path) => `${file} -> ${path}`),
    );
    expect(wrong).toEqual([]);
  });

  it('lists no room above one that uses it', () => {
    const order = [...table().keys()];
    const upward = [...table()].flatMap(([room, uses]) =>
      [...uses]
        .filter((used) => order.indexOf(used) > order.indexOf(room))
        .map((used) => `${room} -> ${used}`),
    );
    expect(upward).toEqual([]);
  });

  it('has no circle of files', () => {
    expect(circleIn(graph)).toBeNull();
  });

  it('has rules that nobody imports but the list of them', () => {
    const users = [...graph].filter(([, imports]) =>
      imports.some((path) => path.includes('diagnose/rules/')),
    );
    expect(users.map(([file]) => file)).toEqual(['src/diagnose/diagnose.ts']);
  });
});

describe('what reaches a terminal', () => {
  /** Each passes `printable`, or writes nothing that was read from anywhere. */
  const WRITERS = [
    // One constant line, for a Node that can read nothing else.
    'src/cli/entry.ts',
    'src/cli/output.ts',
    // To its parent, a pipe.
    'src/prove/put-back-child.ts',
    'src/steer/set-program-child.ts',
    'src/system/with-tracefs.ts',
    'src/xdp/set-xdp-child.ts',
    // What `paint` made, and base64.
    'tui/main.tsx',
    // Constants, and the version.
    'src/cli/version.ts',
    'tui/terminal.ts',
  ];

  it('is written in one place', () => {
    const writes = /process\.(?:stdout|stderr)\.write\(|console\.\w+\(|writeSync\([12],/;
    const found = sources.filter((file) => writes.test(readFileSync(join(root, file), 'utf8')));
    expect(found.filter((file) => !WRITERS.includes(file))).toEqual([]);
  });
});

describe('the search for circles', () => {
  it('finds one, however long', () => {
    const edges = new Map([
      ['a', ['b', 'e']],
      ['b', ['c']],
      ['c', ['d']],
      ['d', ['b']],
    ]);
    expect(circleIn(edges)).toEqual(['b', 'c', 'd', 'b']);
    expect(
      circleIn(
        new Map([
          ['a', ['b', 'c']],
          ['b', ['c']],
        ]),
      ),
    ).toBeNull();
  });
});
