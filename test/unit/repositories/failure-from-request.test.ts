import {expect} from 'chai'

import {exitCodeOf, type Failure, type FailureKind} from '../../../src/domain/failure.js'
import {RequestError, type Method, type Problem} from '../../../src/proxmox/request-error.js'
import {
  failureFromRequest,
  isAlreadyRunning,
  isGuestNotThere,
  isLockTimeout,
  isNodeUnreachable,
  isNotRunning,
  isVmidTaken,
  meaningOfTaskExit,
  taskFailureKind,
  usesLocalStorage,
} from '../../../src/repositories/failure-from-request.js'

const ENDPOINT = 'https://pve1.lan:8006'

function translate(problem: Problem, method: Method = 'post', path = '/nodes/pve1/qemu/100/clone'): Failure {
  return failureFromRequest(new RequestError(problem, {method, path, endpoint: ENDPOINT}), {what: 'clone VM 100'})
}

function refused(
  status: number,
  text: string,
  errors?: Record<string, string>,
  method: Method = 'post',
  path?: string,
): Failure {
  return translate({kind: 'status', status, reason: text, text, ...(errors && {errors})}, method, path)
}

/** Every text with a meaning of its own: status, text, kind and what is known from it. */
const TEXTS: readonly (readonly [number, string, FailureKind, Record<string, unknown>])[] = [
  // Quorum.
  [500, 'cluster not ready - no quorum?', 'no-quorum', {reason: 'no-quorum'}],
  [500, "create user failed: cfs-lock 'file-user_cfg' error: no quorum!", 'no-quorum', {}],
  [500, "cfs-lock 'domain-ha' error: no quorum!", 'no-quorum', {}],
  [
    500,
    "unable to open file '/etc/pve/nodes/n1/qemu-server/501.conf.tmp.384' - Permission denied",
    'no-quorum',
    {reason: 'cluster-files-read-only'},
  ],
  [500, "unable to open file '/etc/pve/nodes/n1/config.tmp.386' - Permission denied", 'no-quorum', {}],
  // VMIDs that are taken.
  [
    500,
    "unable to create VM 101 - VM 101 already exists on node 'n1'",
    'vmid-conflict',
    {reason: 'vmid-taken', vmid: 101, node: 'n1'},
  ],
  [500, "unable to create VM 200 - CT 200 already exists on node 'n3'", 'vmid-conflict', {vmid: 200, node: 'n3'}],
  [500, "unable to create CT 322 - VM 322 already exists on node 'n1'", 'vmid-conflict', {vmid: 322, node: 'n1'}],
  [500, "CT 202 already exists on node 'pve1'", 'vmid-conflict', {vmid: 202, node: 'pve1'}],
  [500, "VM 900 already exists on node 'pve2'", 'vmid-conflict', {vmid: 900, node: 'pve2'}],
  [500, "unable to restore VM 140 - VM 140 already exists on node 'pve1'", 'vmid-conflict', {vmid: 140}],
  [500, 'unable to create VM 100: config file already exists', 'vmid-conflict', {vmid: 100}],
  [
    500,
    "unable to create VM 301 - close (rename) atomic file '/etc/pve/nodes/n2/qemu-server/301.conf' failed: File exists",
    'vmid-conflict',
    {vmid: 301, node: 'n2'},
  ],
  [
    500,
    "close (rename) atomic file '/etc/pve/nodes/n2/lxc/301.conf' failed: File exists",
    'vmid-conflict',
    {vmid: 301, node: 'n2'},
  ],
  [500, 'unable to get any free VMID in range [100, 200]', 'no-capacity', {reason: 'no-free-vmid'}],
  // Locks.
  [500, 'VM is locked (backup)', 'locked', {reason: 'guest-locked', lock: 'backup'}],
  [500, 'CT is locked (disk)', 'locked', {lock: 'disk'}],
  [500, 'VM is locked (snapshot-delete)', 'locked', {lock: 'snapshot-delete'}],
  [500, "can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout", 'locked', {reason: 'lock-timeout'}],
  [
    500,
    "cfs-lock 'file-user_cfg' error: got lock request timeout",
    'locked',
    {reason: 'lock-timeout', lock: 'file-user_cfg'},
  ],
  // Digests.
  [500, 'checksum mismatch (file change by other user?)', 'digest-changed', {}],
  [500, 'detected modified configuration - file changed by other user? Try again.', 'digest-changed', {}],
  [
    500,
    'update storage failed: detected modified configuration - file changed by other user? Try again.',
    'digest-changed',
    {},
  ],
  // Protection.
  [500, "can't remove VM 100 - protection mode enabled", 'protected', {}],
  [
    500,
    "cannot remove protected volume 'backup/vzdump-qemu-100.vma.zst' on 'local'",
    'protected',
    {volume: 'backup/vzdump-qemu-100.vma.zst'},
  ],
  // Missing.
  [
    500,
    "Configuration file 'nodes/n1/qemu-server/100.conf' does not exist",
    'not-found',
    {reason: 'guest-not-there', vmid: 100, node: 'n1'},
  ],
  [500, "Configuration file 'nodes/pve1/lxc/999.conf' does not exist", 'not-found', {vmid: 999, node: 'pve1'}],
  [
    500,
    "unable to find configuration file for VM 100 on node 'n1'",
    'not-found',
    {reason: 'guest-not-there', vmid: 100, node: 'n1'},
  ],
  [
    500,
    "hostname lookup 'n9' failed - failed to get address info for: n9: Name or service not known",
    'not-found',
    {reason: 'node-unknown', node: 'n9'},
  ],
  [500, "no such cluster node 'n9'", 'not-found', {reason: 'node-unknown', node: 'n9'}],
  [500, "unknown node 'n9'", 'not-found', {reason: 'node-unknown', node: 'n9'}],
  [500, "storage 'nope' does not exist", 'not-found', {reason: 'storage-unknown', storage: 'nope'}],
  [500, "delete pool failed: pool 'p1' does not exist", 'not-found', {}],
  [500, "snapshot 'nosnap' does not exist", 'not-found', {}],
  [500, "no such ha group 'none'", 'not-found', {}],
  [500, "update resources config failed: no such resource 'vm:555'", 'not-found', {}],
  [500, "resource 'vm:402' is not HA managed", 'not-found', {}],
  [500, "mapping 'usb1' not found", 'not-found', {}],
  [500, 'no rule at position 99', 'not-found', {}],
  [500, 'no such vzdump job', 'not-found', {}],
  [500, "no such token 'none' for user 'u1@pve'", 'not-found', {}],
  // There already.
  [500, "create pool failed: pool 'p1' already exists", 'already-exists', {}],
  [500, "create storage failed: storage ID 'extra' already defined", 'already-exists', {}],
  [500, "create resource failed: resource ID 'vm:100' already defined", 'already-exists', {}],
  [500, "Job 'job1' already exists", 'already-exists', {}],
  [400, "Could not create 'gt': name already used", 'already-exists', {}],
  // States.
  [500, 'VM 100 already running', 'conflict', {reason: 'already-running', vmid: 100}],
  [500, 'CT 200 already running', 'conflict', {reason: 'already-running'}],
  [500, 'CT 200 not running', 'conflict', {reason: 'not-running'}],
  [500, 'VM 100 is not running', 'conflict', {reason: 'not-running'}],
  [500, 'VM 100 is running - destroy failed', 'conflict', {reason: 'is-running'}],
  [500, 'unable to destroy CT 200 - container is running', 'conflict', {reason: 'is-running'}],
  [500, "can't migrate running VM without --online", 'conflict', {reason: 'is-running'}],
  [500, 'VM is paused - cannot shutdown', 'conflict', {reason: 'is-paused'}],
  [500, "you can't convert a template to a template", 'conflict', {reason: 'is-template'}],
  [500, 'No QEMU guest agent configured', 'conflict', {reason: 'agent-not-configured'}],
  [500, 'QEMU guest agent is not running', 'conflict', {reason: 'agent-not-answering'}],
  [
    500,
    "VM 100 qga command 'guest-exec' failed - got timeout",
    'conflict',
    {reason: 'agent-fell-silent', command: 'guest-exec'},
  ],
  [501, 'for data too large', 'not-supported', {reason: 'request-too-large'}],
  [
    500,
    'Agent error: Command guest-exec has been disabled: the agent is in frozen state',
    'conflict',
    {reason: 'agent-frozen'},
  ],
  [
    500,
    'Agent error: Command guest-exec has been disabled',
    'not-supported',
    {reason: 'agent-command-disabled', command: 'guest-exec'},
  ],
  [
    500,
    'Agent error: The command guest-get-users has not been found',
    'not-supported',
    {reason: 'agent-command-disabled', command: 'guest-get-users'},
  ],
  [
    500,
    "Agent error: Guest agent command failed, error was 'Failed to execute child process \u201Cnope\u201D (No such file or directory)'",
    'not-found',
    {reason: 'no-such-program'},
  ],
  [
    500,
    "Agent error: Guest agent command failed, error was 'Failed to execute child process \u201C/etc/motd\u201D (Permission denied)'",
    'permission',
    {reason: 'program-not-executable'},
  ],
  [
    500,
    "Agent error: failed to open file '/nope' (mode: 'r'): No such file or directory",
    'not-found',
    {reason: 'no-such-file', path: '/nope'},
  ],
  [
    500,
    "Agent error: failed to open file '/root/x' (mode: 'r'): Permission denied",
    'permission',
    {reason: 'file-not-permitted', path: '/root/x'},
  ],
  [
    500,
    "Agent error: failed to open file '/etc' (mode: 'w'): Is a directory",
    'conflict',
    {reason: 'file-not-opened', path: '/etc'},
  ],
  [500, 'Agent error: PID 4711 does not exist', 'not-found', {reason: 'process-unknown', pid: '4711'}],
  // In use.
  [
    500,
    'unable to remove VM 100 - used in HA resources and purge parameter not set.',
    'conflict',
    {reason: 'used-by-ha'},
  ],
  [500, "delete pool failed: pool 'p1' is not empty (contains pool 'p1/sub')", 'conflict', {reason: 'in-use'}],
  [500, "delete ha group failed: ha group is used by service 'vm:100'", 'conflict', {reason: 'in-use'}],
  // Storage.
  [500, "can't clone VM to node 'n2' (VM uses local storage)", 'refused', {reason: 'local-storage', node: 'n2'}],
  [500, "can't clone CT to node 'n2' (CT uses local storage)", 'refused', {reason: 'local-storage', node: 'n2'}],
  [500, "can't clone to non-shared storage 'local'", 'refused', {reason: 'local-storage', storage: 'local'}],
  [
    500,
    "storage 'local2' is not available on node 'n3'",
    'refused',
    {reason: 'storage-not-on-node', storage: 'local2', node: 'n3'},
  ],
  [500, "storage 'extra' is disabled", 'refused', {reason: 'storage-disabled', storage: 'extra'}],
  [500, "storage 'btr' does not support 'iso' content", 'refused', {reason: 'storage-content', storage: 'btr'}],
  [
    500,
    "Linked clone feature is not supported for 'local:100/vm-100-disk-0.qcow2' (scsi0)",
    'not-supported',
    {reason: 'no-linked-clones'},
  ],
  [500, "missing replicate feature on volume 'local:123/vm-123-disk-0.qcow2'", 'not-supported', {}],
  // Values and rights without a status of their own.
  [500, "parameter 'storage' not allowed for linked clones", 'invalid-parameter', {parameter: 'storage'}],
  [500, 'unable to shrink disk size', 'invalid-parameter', {reason: 'disk-shrink'}],
  [500, '400 Parameter verification failed.', 'invalid-parameter', {}],
  [500, 'no options specified', 'invalid-parameter', {}],
  [500, "only root can set 'args' config", 'permission', {reason: 'root-only'}],
  // Anything else.
  [500, 'something nobody has seen before', 'unexpected', {status: 500}],
]

describe('failureFromRequest', () => {
  for (const [status, text, kind, details] of TEXTS) {
    it(`takes "${text}" for ${kind}`, () => {
      const failed = refused(status, text)
      expect(failed.kind).to.equal(kind)
      expect(failed.message).to.equal(`Cannot clone VM 100: ${text}`)
      expect(failed.details).to.include({status, ...details})
    })
  }

  it('gives a hint with every kind but a state that is its own explanation', () => {
    for (const [status, text] of TEXTS) {
      const failed = refused(status, text)
      const plain =
        /already running|not running|does not exist|^no such|: no such|not found|no rule|not HA managed|not empty|used by|no options|400 Param/.test(
          text,
        )
      if (!plain) expect(failed.hint, text).to.be.a('string')
    }
  })

  describe('refused parameters', () => {
    it('names each field, on one line', () => {
      const errors = {
        vmid: 'invalid format - value does not look like a valid VM ID',
        net0: 'net0.model: missing\nnet0.x: unknown',
      }
      const failed = refused(400, 'Parameter verification failed.', errors)
      expect(failed.kind).to.equal('invalid-parameter')
      expect(failed.message).to.equal(
        'Cannot clone VM 100: vmid: invalid format - value does not look like a valid VM ID; net0: net0.model: missing net0.x: unknown',
      )
      expect(failed.details).to.deep.equal({status: 400, errors})
    })

    it('sees a taken VMID and an unknown task in the field texts', () => {
      expect(refused(400, 'Parameter verification failed.', {vmid: 'VM 101 already exists'})).to.have.property(
        'kind',
        'vmid-conflict',
      )
      expect(refused(400, 'Parameter verification failed.', {upid: 'no such task'})).to.have.property(
        'kind',
        'not-found',
      )
    })

    it('sees what only root may set', () => {
      expect(refused(400, 'Parameter verification failed.', {force: 'Only root may use this option.'}).kind).to.equal(
        'permission',
      )
    })

    it('copes with a 400 that says nothing', () => {
      expect(refused(400, '').message).to.equal('Cannot clone VM 100: a parameter is not accepted')
    })
  })

  describe('rights', () => {
    it('tells a refused login from a refused token', () => {
      const login = refused(401, 'authentication failure', undefined, 'post', '/access/ticket')
      expect(login).to.deep.include({kind: 'authentication', details: {status: 401, reason: 'login-refused'}})
      for (const text of [
        'Authentication failed!',
        'invalid token value!',
        "no such token 'nope' for user 'root@pam'",
        'No ticket',
        '',
      ]) {
        const failed = refused(401, text)
        expect(failed.kind, text).to.equal('authentication')
        expect(failed.details, text).to.include({reason: 'credentials-refused'})
      }

      expect(refused(401, "token 'tok1' access expired").details).to.include({reason: 'credentials-expired'})
    })

    it('names the privilege that is missing, and where', () => {
      const cases = [
        ['Permission check failed (/vms/100, VM.Clone)', '/vms/100', ['VM.Clone']],
        [
          'Permission check failed (/storage/local, Datastore.Audit|Datastore.AllocateSpace)',
          '/storage/local',
          ['Datastore.Audit', 'Datastore.AllocateSpace'],
        ],
        ['Permission check failed (, Pool.Allocate)', '/', ['Pool.Allocate']],
      ] as const
      for (const [text, path, privileges] of cases) {
        const failed = refused(403, text)
        expect(failed.kind).to.equal('permission')
        expect(failed.details).to.deep.include({path, privileges: [...privileges]})
        expect(failed.hint).to.include(privileges.join(' or ')).and.include(path)
      }
    })

    it('knows what a token may never do', () => {
      const ticket = "Permission check failed (URI '/access/password' not available with API token, need proper ticket."
      expect(refused(403, ticket)).to.deep.include({
        kind: 'permission',
        details: {status: 403, reason: 'ticket-needed'},
      })
      for (const text of [
        'Permission check failed (user != root@pam)',
        'Permission check failed (mount point type bind is only allowed for root@pam)',
      ]) {
        expect(refused(403, text).details, text).to.include({reason: 'root-only'})
      }
    })

    it('takes a missing pool for what it is', () => {
      expect(refused(403, "Permission check failed (pool 'nopool' does not exist)").kind).to.equal('not-found')
    })

    it('copes with a 403 that names nothing', () => {
      expect(refused(403, 'Permission check failed')).to.include({kind: 'permission'})
    })
  })

  it('takes an unknown method for a version that lacks it', () => {
    expect(refused(501, "Method 'GET /nodes/n1/lxc/200/migrate' not implemented", undefined, 'get').kind).to.equal(
      'not-supported',
    )
  })

  describe('nodes that do not answer', () => {
    it('knows that a 595 did nothing, whatever was asked', () => {
      for (const method of ['get', 'post'] as const) {
        for (const text of ['No route to host', 'Connection refused']) {
          const failed = refused(595, text, undefined, method, '/nodes/pve2/qemu')
          expect(failed).to.deep.include({
            kind: 'unreachable',
            details: {status: 595, node: 'pve2', reason: 'node-unreachable'},
          })
          expect(failed.message).to.equal(`Cannot clone VM 100: node pve2 does not answer (595 ${text})`)
          expect(isNodeUnreachable(failed)).to.equal(true)
        }
      }
    })

    it('does not know what a write did that ended in 596 or 599', () => {
      for (const status of [596, 597, 599]) {
        const failed = refused(status, 'Connection timed out', undefined, 'put', '/nodes/pve2/qemu/100/config')
        expect(failed.kind).to.equal('outcome-unknown')
        expect(exitCodeOf(failed)).to.equal(12)
        expect(refused(status, 'Connection timed out', undefined, 'get', '/nodes/pve2/qemu/100/config').kind).to.equal(
          'unreachable',
        )
      }
    })

    it('knows that a 596 for want of TLS did nothing', () => {
      const failed = refused(
        596,
        'error:0A000086:SSL routines::certificate verify failed',
        undefined,
        'post',
        '/nodes/pve1.lan/qemu',
      )
      expect(failed.kind).to.equal('unreachable')
    })
  })

  describe('connections', () => {
    it('is unreachable when no endpoint took a connection, and names them', () => {
      const failed = translate({
        kind: 'not-connected',
        reason: 'timeout',
        attempts: [
          {endpoint: ENDPOINT, reason: 'timeout', code: 'ETIMEDOUT'},
          {endpoint: 'https://pve2.lan:8006', reason: 'refused', code: 'ECONNREFUSED'},
        ],
      })
      expect(failed.kind).to.equal('unreachable')
      expect(failed.message).to.equal(
        `Cannot clone VM 100: ${ENDPOINT} did not answer in time, https://pve2.lan:8006 refused the connection`,
      )
    })

    it('shows both fingerprints of a changed certificate', () => {
      const failed = translate({kind: 'certificate-changed', expected: 'AA:AA', actual: 'BB:BB'})
      expect(failed.kind).to.equal('certificate-changed')
      expect(failed.details).to.deep.equal({endpoint: ENDPOINT, expected: 'AA:AA', actual: 'BB:BB'})
      expect(failed.hint).to.include('AA:AA').and.include('BB:BB').and.include(`homelab auth login ${ENDPOINT}`)
    })

    it('tells an untrusted certificate from a changed one', () => {
      expect(translate({kind: 'certificate-untrusted', code: 'DEPTH_ZERO_SELF_SIGNED_CERT'}).kind).to.equal(
        'certificate-untrusted',
      )
    })

    it('explains where the fingerprint of a further endpoint comes from', () => {
      const failed = translate({kind: 'certificate-untrusted', code: 'UNKNOWN_FINGERPRINT', actual: 'BB:BB'})
      expect(failed.kind).to.equal('certificate-untrusted')
      expect(failed.details).to.include({actual: 'BB:BB'})
      expect(failed.hint).to.include('BB:BB').and.include('first endpoint')
    })

    it('does not know the outcome of a write whose answer was lost, and says so of no read and no login', () => {
      const lost: Problem = {kind: 'lost', reason: 'reset'}
      expect(translate(lost).kind).to.equal('outcome-unknown')
      expect(translate(lost).details).to.include({method: 'post', path: '/nodes/pve1/qemu/100/clone'})
      expect(translate(lost, 'get').kind).to.equal('unreachable')
      expect(translate(lost, 'post', '/access/ticket').kind).to.equal('unreachable')
    })

    it('does not know the outcome of a write that was answered 200 and nonsense', () => {
      const nonsense: Problem = {kind: 'protocol', status: 200, detail: 'the answer is empty'}
      expect(translate(nonsense).kind).to.equal('outcome-unknown')
      expect(translate(nonsense, 'get').kind).to.equal('protocol-error')
      expect(translate({...nonsense, status: 301}).kind).to.equal('protocol-error')
    })

    it('knows that a file that was not sent to its end was not stored', () => {
      const broken = translate({kind: 'unfinished', reason: 'reset', sentBytes: 1000})
      expect(broken).to.include({kind: 'unreachable'})
      expect(broken.message).to.include('after 1000 bytes, so nothing of it was stored')
      const silent = translate({kind: 'unfinished', reason: 'timeout', sentBytes: 1000})
      expect(silent.message).to.include('took nothing any more')
      expect(translate({kind: 'source', detail: 'it is shorter'}).message).to.include(
        'it is shorter. Nothing was stored',
      )
    })

    it('is interrupted when the caller gave up, with a hint if it was sent', () => {
      expect(translate({kind: 'aborted', sent: true}))
        .to.include({kind: 'interrupted'})
        .and.to.have.property('hint')
      expect(translate({kind: 'aborted', sent: false})).to.not.have.property('hint')
    })

    it('is an authentication failure when a second factor is missing', () => {
      expect(translate({kind: 'second-factor', methods: ['totp']}).kind).to.equal('authentication')
      expect(translate({kind: 'second-factor', methods: []}).hint).to.include('API token')
    })

    it('does not hide what is a bug', () => {
      expect(failureFromRequest(new TypeError('x is not a function'), {what: 'list'})).to.deep.equal({
        kind: 'unexpected',
        message: 'Cannot list: x is not a function',
      })
    })
  })

  describe('questions to a failure', () => {
    it('answer for theirs and no other', () => {
      const samples = {
        taken: refused(500, "VM 101 already exists on node 'n1'"),
        local: refused(500, "can't clone VM to node 'n2' (VM uses local storage)"),
        gone: refused(500, "Configuration file 'nodes/n1/qemu-server/100.conf' does not exist"),
        running: refused(500, 'CT 200 already running'),
        stopped: refused(500, 'CT 200 not running'),
        lockTimeout: refused(500, "can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout"),
        locked: refused(500, 'VM is locked (backup)'),
        offline: refused(595, 'No route to host'),
      }
      const questions = {
        taken: isVmidTaken,
        local: usesLocalStorage,
        gone: isGuestNotThere,
        running: isAlreadyRunning,
        stopped: isNotRunning,
        lockTimeout: isLockTimeout,
        offline: isNodeUnreachable,
      }
      for (const [name, question] of Object.entries(questions)) {
        const yes = Object.entries(samples).filter(([, sample]) => question(sample))
        expect(yes.map(([sample]) => sample)).to.deep.equal([name])
      }
    })
  })
})

describe('meaningOfTaskExit', () => {
  const cases: readonly (readonly [string, FailureKind, string])[] = [
    ['VM is locked (clone)', 'locked', 'guest-locked'],
    ["can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout", 'locked', 'lock-timeout'],
    [
      "close (rename) atomic file '/etc/pve/nodes/n1/qemu-server/340.conf' failed: File exists",
      'vmid-conflict',
      'vmid-taken',
    ],
    ["cfs-lock 'storage-shared' error: no quorum!", 'no-quorum', 'no-quorum'],
    [
      "unable to open file '/etc/pve/nodes/n1/qemu-server/501.conf.tmp.5802' - Permission denied",
      'no-quorum',
      'cluster-files-read-only',
    ],
    ["cannot remove protected volume 'backup/vzdump-qemu-100.vma.zst' on 'local'", 'protected', 'volume-protected'],
    ['qemu-img: error while writing: No space left on device', 'task-failed', 'storage-full'],
    ["Configuration file 'nodes/n1/lxc/200.conf' does not exist", 'task-failed', 'guest-not-there'],
    ['VM 100 already running', 'task-failed', 'already-running'],
    ['VM quit/powerdown failed - got timeout', 'task-failed', 'guest-too-slow'],
    ['Backup of VM 100 failed - got timeout', 'task-failed', 'node-too-slow'],
    ["update storage failed: can't change value of fixed parameter 'server'", 'task-failed', 'storage-option-fixed'],
    [
      "base volume 'local:120/base-120-disk-0.qcow2' is still in use by linked cloned",
      'task-failed',
      'linked-clones-exist',
    ],
    ['snapshot feature is not available', 'task-failed', 'storage-feature'],
    ["snapshot name 'snap1' already used", 'task-failed', 'already-exists'],
    ["can't rollback, 's1' is not most recent snapshot on 'x'", 'task-failed', 'newer-snapshots'],
    ['shrinking disks is not supported', 'task-failed', 'disk-shrink'],
    ["you can't start a vm if it's a template", 'task-failed', 'is-template'],
    ['received interrupt', 'task-failed', 'task-stopped'],
    ['interrupted by signal', 'task-failed', 'task-stopped'],
    ['unexpected status', 'task-failed', 'task-died'],
    ['job errors', 'task-failed', 'see-log'],
    ['migration aborted', 'task-failed', 'see-log'],
    ['start failed: QEMU exited with code 1', 'task-failed', 'qemu-start-failed'],
    ["volume 'local:iso/test.iso' does not exist", 'task-failed', 'volume-missing'],
    ["unable to create VM 152 - volume 'local:iso/none.iso' does not exist", 'task-failed', 'volume-missing'],
    ["checksum mismatch: got 'e92c' != expect '0000'", 'task-failed', 'checksum-mismatch'],
    [
      "could not activate storage 'local2': storage 'local2' is not available on node 'n3'",
      'task-failed',
      'storage-not-on-node',
    ],
    [
      "could not activate storage 'nostore': storage 'nostore' does not exist could not get storage information for 'nostore': storage 'nostore' does not exist",
      'task-failed',
      'storage-unknown',
    ],
    ["storage 'nas' is not online", 'task-failed', 'storage-not-online'],
    [
      "could not get storage information for 'btr': can't use storage 'btr' for backups - wrong content type",
      'task-failed',
      'storage-content',
    ],
    [
      "ERROR: file '/var/lib/vz/dump/vzdump-lxc-200-2026_11_21-10_54_59.tar.zst' does not look like a QemuServer vzdump backup",
      'task-failed',
      'wrong-backup',
    ],
    [
      "unable to create CT 202 - command 'lxc-usernsexec -m u:0:100000:65536 -m g:0:100000:65536 -- tar xpf - -z --totals' failed: exit code 2",
      'task-failed',
      'archive-unreadable',
    ],
    [
      "command '/usr/bin/qemu-img resize -f qcow2 /var/lib/vz/images/120/base-120-disk-0.qcow2 2147483648' failed: exit code 1",
      'task-failed',
      'program-failed',
    ],
    ['task 1 of 2: not of a known kind', 'task-failed', 'task-failed'],
  ]
  for (const [text, kind, reason] of cases) {
    it(`takes "${text}" for ${kind} (${reason})`, () => {
      expect(meaningOfTaskExit(text)).to.have.property('kind', kind)
      expect(meaningOfTaskExit(text).details.reason).to.equal(reason)
      expect(taskFailureKind(text)).to.equal(kind)
    })
  }
})
