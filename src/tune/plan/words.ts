/** Words of shell commands. */

/** As one word of a POSIX shell, whatever is in it: an interface may be called `$(reboot)`. */
export function word(text: string): string {
  return /^[\w.,:@%+/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Writes one line to a file of sysfs or procfs. */
export function write(value: string, file: string): string {
  return `echo ${value} > ${word(file)}`;
}

/** The folder of a NIC's queues. */
export function queueFile(nic: string, queue: string, file: string): string {
  return `/sys/class/net/${nic}/queues/${queue}/${file}`;
}
