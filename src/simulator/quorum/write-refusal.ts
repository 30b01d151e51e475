/** Pid of the worker that answers a request, as the name of its temporary file shows it. */
const WORKER_PID = 384

/** What writing a file of the cluster says where `/etc/pve` is read-only. `path` below `/etc/pve`. */
export function configTmp(path: string, pid = WORKER_PID): string {
  return `unable to open file '/etc/pve/${path}.tmp.${pid}' - Permission denied`
}
