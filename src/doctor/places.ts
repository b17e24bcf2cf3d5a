/** Checks of file systems, namespaces and the clock. */
import { accessSync, closeSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../config/config.ts';
import { foreignInterfaces } from '../host/sysfs-namespace.ts';
import { isErrno, isFailure, isSystemError } from '../system/errors.ts';
import { native } from '../system/native.ts';
import { packageRoot } from '../system/package.ts';
import { findProgram } from '../system/programs.ts';
import { requireTrustedFolder } from '../system/trusted.ts';
import { CHANGE, EVERY, LOOK } from './commands.ts';
import { asRoot, isContained, mountOf } from './surroundings.ts';
import { type Check, fails, NOT_READ, type Outcome, type Subject, unknown, works } from './types.ts';

export const PLACE_CHECKS: readonly Check[] = [
  { id: 'sysfs', commands: CHANGE, examine: (subject) => writable(subject, '/sys', 'sysfs') },
  { id: 'sysfs-namespace', commands: [...LOOK, ...CHANGE], examine: sysfsNamespace },
  { id: 'procfs', commands: CHANGE, examine: (subject) => writable(subject, '/proc/irq', 'proc') },
  { id: 'hidepid', commands: LOOK, examine: hidepid },
  { id: 'pid-namespace', commands: [], examine: pidNamespace },
  { id: 'network-namespaces', commands: [], examine: networkNamespaces },
  { id: 'state', commands: CHANGE, examine: state },
  { id: 'config', commands: EVERY, examine: config },
  { id: 'systemd', commands: [], examine: systemd },
  { id: 'fanotify', commands: [], examine: fanotify },
  { id: 'clock', commands: ['apply', 'status', 'watch'], examine: clock },
];

function writable(subject: Subject, path: string, type: string): Outcome {
  const mount = mountOf(subject.files, path);
  if (mount === null) return NOT_READ;
  if (mount.type !== type)
    return fails(
      `${path} is no ${type}, but ${mount.type}`,
      asRoot(subject, `mount -t ${type} ${type} ${type === 'proc' ? '/proc' : path}`),
    );
  if (!mount.readOnly) return works(`${mount.point} is mounted for writing`);
  return fails(
    `${mount.point} is mounted read-only, so no setting below ${path} can be changed`,
    isContained(subject.files)
      ? 'run locality-tune on the host, or start the container with --privileged'
      : asRoot(subject, `mount -o remount,bind,rw ${mount.point}`),
  );
}

/** /sys/class/net belongs to the network namespace of whoever mounted it. */
function sysfsNamespace({ files, live }: Subject): Outcome {
  if (live === null || files.list('/sys/class/net').length === 0) return NOT_READ;
  const foreign = foreignInterfaces(files);
  return foreign.length === 0
    ? works('/sys/class/net shows the interfaces of this network namespace')
    : fails(
        `/sys/class/net shows another network namespace (they differ in ${foreign.join(', ')})`,
        'enter the namespace with --netns PID, which mounts its own /sys',
      );
}

function hidepid(subject: Subject): Outcome {
  const mount = mountOf(subject.files, '/proc');
  if (mount === null) return NOT_READ;
  const value = /(?:^|,)hidepid=(\w+)/.exec(mount.options)?.[1] ?? 'off';
  if (['0', 'off'].includes(value)) return works('/proc shows all processes');
  if (subject.live?.euid === 0)
    return works(`/proc hides processes from other users, but not from root (hidepid=${value})`);
  return fails(
    `/proc hides the processes of other users (hidepid=${value})`,
    asRoot(subject, 'mount -o remount,hidepid=0 /proc'),
  );
}

/** PROC_PID_INIT_INO (include/linux/proc_ns.h) */
const INITIAL_PID = 'pid:[4026531836]';

function pidNamespace({ files, live }: Subject): Outcome {
  const own = live === null ? null : files.link('/proc/self/ns/pid');
  if (own === null) return NOT_READ;
  return own === INITIAL_PID
    ? works("in the host's pid namespace: all processes can be seen")
    : works(
        'in a pid namespace: only its processes can be seen',
        'run locality-tune on the host to see all servers',
      );
}

function networkNamespaces({ files, live }: Subject): Outcome {
  const own = live === null ? null : files.link('/proc/self/ns/net');
  if (own === null) return NOT_READ;
  const others = new Map<string, string>();
  for (const pid of files.list('/proc').filter((name) => /^\d+$/.test(name))) {
    const link = files.link(`/proc/${pid}/ns/net`);
    if (link !== null && link !== own && !others.has(link)) others.set(link, pid);
  }
  const [pid] = others.values();
  if (pid === undefined) return works('no other network namespace with a process was seen');
  return works(
    `${others.size} other network namespace${others.size === 1 ? ' has' : 's have'} processes`,
    `look into one with --netns: locality-tune inspect --netns ${pid}`,
  );
}

function state({ live }: Subject): Outcome {
  if (live === null) return NOT_READ;
  const folder = live.state;
  if (live.euid !== 0) return unknown(`not known: only root writes to ${folder}`);
  try {
    requireTrustedFolder(folder);
    accessSync(folder, constants.W_OK);
    return works(`journals can be written to ${folder}`);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return works(`nothing was applied yet; ${folder} is made then`);
    if (isFailure(error)) return fails(error.message, error.hint);
    if (!isSystemError(error)) throw error;
    return fails(`${folder} cannot be written (${error.code})`, `mount -o remount,rw ${folder}`);
  }
}

/** What it says, so that nobody has to wonder where a default came from. */
function config({ live }: Subject): Outcome {
  if (live === null) return NOT_READ;
  try {
    const settings = readConfig(live.config).map(
      ({ command, key, values }) =>
        `${command === null ? '' : `${command}.`}${key}=${values.join(',') || 'false'}`,
    );
    return works(`${live.config}: ${settings.join(' ') || 'empty'}`);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return works(`there is no ${live.config}, and none is needed`);
    if (isFailure(error)) return fails(error.message, error.hint);
    if (!isSystemError(error)) throw error;
    return fails(`${live.config} cannot be read (${error.code})`, `chmod a+r ${live.config}`);
  }
}

function systemd({ files, live }: Subject): Outcome {
  if (live === null) return NOT_READ;
  if (findProgram('systemctl') !== null && files.exists('/run/systemd/system'))
    return works('systemd runs, for --persist and watch --install');
  return unknown('systemd does not run here, so --persist and watch --install are refused');
}

/** Closes the group at once: it only shows whether there can be one. */
function fanotify(subject: Subject): Outcome {
  if (subject.live === null) return NOT_READ;
  try {
    closeSync(native().fanotifyInit());
    return works('watch can see which process writes to a setting (fanotify)');
  } catch (error) {
    if (!isSystemError(error)) return unknown('not known: the native addon does not load');
    if (error.code === 'EPERM')
      return unknown(
        'only root sees which process writes to a setting (fanotify)',
        asRoot(subject, 'locality-tune doctor'),
      );
    return works(
      `watch cannot see which process writes to a setting (fanotify: ${error.code})`,
      'boot a kernel with CONFIG_FANOTIFY=y',
    );
  }
}

const CLOCK = '/sys/devices/system/clocksource/clocksource0';
/** Reading one of these takes microseconds (drivers/clocksource/acpi_pm.c, arch/x86/kernel/hpet.c). */
const SLOW = ['acpi_pm', 'hpet', 'jiffies', 'refined-jiffies'];

function clock(subject: Subject): Outcome {
  const { files, live } = subject;
  const source = files.text(`${CLOCK}/current_clocksource`)?.trim() ?? null;
  if (live !== null && Date.now() < statSync(join(packageRoot, 'package.json')).mtimeMs)
    return fails(
      `the clock says ${new Date().toISOString()}, which is before this program was installed`,
      asRoot(subject, findProgram('systemctl') === null ? 'hwclock --hctosys' : 'timedatectl set-ntp true'),
    );
  if (source === null) return NOT_READ;
  if (!SLOW.includes(source)) return works(`the clock is ${source}`);
  const has = files.text(`${CLOCK}/available_clocksource`)?.split(/\s+/).includes('tsc') === true;
  return works(
    `the clock is ${source}, which is slow to read, so measuring costs more`,
    has ? `echo tsc | ${asRoot(subject, `tee ${CLOCK}/current_clocksource`)}` : null,
  );
}
