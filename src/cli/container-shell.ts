import {errAsync, okAsync, type ResultAsync} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import {containerLine, sshArguments, sshLabel, type SshTarget} from '../domain/ssh-command.js'
import {runProcess, type ProcessEnd, type ProcessPlan} from './run-process.js'
import type {Runtime} from './runtime.js'

/** What `ssh` itself ends with when it fails. */
const SSH_FAILED = 255

export const NO_SSH = 'Install OpenSSH (the package openssh-client), or put ssh on the PATH'

export interface ContainerRun extends Pick<ProcessPlan, 'signal' | 'stderr' | 'stdin' | 'stdout'> {
  readonly command: readonly string[]
  /** A terminal in the container. */
  readonly tty: boolean
  /** Never ask about passwords or host keys. */
  readonly batch: boolean
}

/**
 * Runs a command in a container, for which there is no API: OpenSSH takes it to the container's node, and `pct exec` into the container.
 * @returns `unreachable` for exit code 255, which is that of ssh when it fails, and can be no other's
 */
export function runInContainer(
  runtime: Runtime,
  container: Guest,
  target: SshTarget & {readonly user: string},
  {command, tty, batch, ...streams}: ContainerRun,
): ResultAsync<ProcessEnd, Failure> {
  if (container.status !== 'running') return errAsync(notRunning(container))
  const line = containerLine(container.vmid, command, target.user)
  const args = [...sshArguments(target, {tty, batch}), line]
  return runProcess(runtime, {program: 'ssh', args, missing: NO_SSH, ...streams}).andThen((end) =>
    end.exitCode === SSH_FAILED ? errAsync(sshFailed(container, target, end)) : okAsync(end),
  )
}

/** How it gets there, for people. */
export function wayTo({node, vmid}: Guest, target: SshTarget): string {
  return `OpenSSH to ${sshLabel(target)} (${node}), and pct exec ${vmid} there`
}

function notRunning(container: Guest): Failure {
  const name = container.name ?? container.vmid
  return failure('conflict', `${guestLabel(container)} is not running`, {
    hint: `Start it first: homelab proxmox lxc start ${name}`,
    details: {reason: 'not-running', status: container.status},
  })
}

function sshFailed(container: Guest, target: SshTarget, {stderr}: ProcessEnd): Failure {
  const said = Buffer.from(stderr).toString('utf8').trim()
  return failure(
    'unreachable',
    `ssh to ${sshLabel(target)} (${container.node}) ended with 255: it could not connect or log in, or the connection was lost${said === '' ? '' : `: ${said}`}`,
    {
      hint: `Try it: ssh ${sshLabel(target)} true. Another address, user, port or key goes into the configuration of the context: ssh: {user: root, identityFile: …, hosts: {${container.node}: ADDRESS}}`,
      details: {reason: 'ssh', node: container.node, host: target.host, user: target.user},
    },
  )
}
