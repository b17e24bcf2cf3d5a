/** How this distribution installs a package: the names are the same everywhere, the tools differ. */
import { readFileSync } from 'node:fs';
import { errnoCode } from './errors.ts';

/** os-release(5): ID, or one of the distributions that ID_LIKE says it derives from. */
const TOOLS: ReadonlyMap<string, string> = new Map([
  ['debian', 'apt install'],
  ['ubuntu', 'apt install'],
  ['fedora', 'dnf install'],
  ['rhel', 'dnf install'],
  ['centos', 'dnf install'],
  ['amzn', 'dnf install'],
  ['suse', 'zypper install'],
  ['opensuse', 'zypper install'],
  ['alpine', 'apk add'],
  ['arch', 'pacman -S'],
]);

/** `dnf install bpftrace`. @param release the text of /etc/os-release; null if it could not be read */
export function installAdvice(name: string, release: string | null = osRelease()): string {
  const value = (key: string) =>
    new RegExp(`^${key}=["']?([^"'\n]*)["']?\\s*$`, 'm').exec(release ?? '')?.[1]?.toLowerCase() ?? '';
  const ids = `${value('ID')} ${value('ID_LIKE')}`.split(/\s+/);
  // opensuse-leap, opensuse-tumbleweed, sles.
  const known = ids.flatMap((id) => TOOLS.get(id) ?? TOOLS.get(id.split('-')[0] ?? '') ?? []);
  return known[0] === undefined ? `install the package ${name}` : `${known[0]} ${name}`;
}

/** systemd has its copy in /usr/lib where /etc lacks one. */
function osRelease(): string | null {
  for (const path of ['/etc/os-release', '/usr/lib/os-release'])
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      if (errnoCode(error) === null) throw error;
    }
  return null;
}
